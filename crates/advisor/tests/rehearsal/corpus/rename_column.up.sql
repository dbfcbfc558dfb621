-- expect: dangerous: a statement that ran before fails now
alter table accounts rename column note to remark;
