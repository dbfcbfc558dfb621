-- expect: drop-view-or-function
drop function touched();
