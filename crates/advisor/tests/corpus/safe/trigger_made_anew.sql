-- expect: nothing
drop trigger if exists touched on accounts;
create trigger touched before update on accounts for each row execute function touched();
