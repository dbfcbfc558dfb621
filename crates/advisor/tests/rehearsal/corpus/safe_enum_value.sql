-- expect: safe
alter type mood add value 'mixed';
