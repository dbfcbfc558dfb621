-- expect: trigger-disabled
drop trigger touched on accounts;
