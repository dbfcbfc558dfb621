-- expect: safe
create table labels (
    id bigint generated always as identity primary key,
    account_id bigint not null references accounts,
    label text not null
);
create index labels_account on labels (account_id);
