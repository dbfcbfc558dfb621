-- expect: trigger-disabled
alter table accounts enable replica trigger touched;
