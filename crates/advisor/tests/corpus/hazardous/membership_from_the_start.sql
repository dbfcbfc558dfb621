-- expect: membership-lifts-isolation
create role web login in role shop_owner;
