-- expect: dangerous: are changed, and locked
update accounts set note = coalesce(note, 'none');
