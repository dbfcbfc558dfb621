select shelfops.drop_timeseries('inventory_levels');
