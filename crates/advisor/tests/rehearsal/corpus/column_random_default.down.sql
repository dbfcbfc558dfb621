alter table accounts drop column token;
