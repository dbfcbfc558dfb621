drop table anomalies;
