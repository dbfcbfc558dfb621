-- expect: membership-lifts-isolation
do $$ begin execute 'grant shop_owner to app'; end $$;
