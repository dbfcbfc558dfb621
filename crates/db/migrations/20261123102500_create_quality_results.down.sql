drop table quality_results;
