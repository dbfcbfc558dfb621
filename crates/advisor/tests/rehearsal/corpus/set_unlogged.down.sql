alter table journal set logged;
