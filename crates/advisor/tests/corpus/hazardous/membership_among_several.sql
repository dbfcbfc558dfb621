-- expect: membership-lifts-isolation
grant readers, shop_owner to group reporting, app with admin option;
