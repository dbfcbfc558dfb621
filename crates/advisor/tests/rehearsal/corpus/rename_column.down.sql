alter table accounts rename column remark to note;
