drop table demand_forecasts;
