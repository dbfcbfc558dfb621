-- expect: safe
truncate drafts;
