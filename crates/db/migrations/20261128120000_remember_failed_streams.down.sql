alter table integrations drop column failures;
