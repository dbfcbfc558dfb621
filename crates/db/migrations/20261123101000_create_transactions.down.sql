select shelfops.drop_timeseries('transactions');
