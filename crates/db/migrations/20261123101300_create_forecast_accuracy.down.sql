drop table forecast_accuracy;
