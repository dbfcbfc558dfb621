-- expect: dangerous: a statement that ran before fails now
alter materialized view totals rename column total to turnover;
