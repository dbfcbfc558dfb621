-- expect: dangerous: does not bring back the rows
update settings set value = upper(value);
