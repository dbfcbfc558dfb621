-- expect: membership-lifts-isolation
create user web in group readers, shop_owner;
