//! Every migration, in the order they are applied. The first line of each text says why it is.

use super::Migration;

/// Takes a migration's version and name from its file's name.
macro_rules! migration {
    ($file:literal) => {
        Migration {
            file: $file,
            up: include_str!(concat!("../../migrations/", $file, ".up.sql")),
            down: include_str!(concat!("../../migrations/", $file, ".down.sql")),
        }
    };
}

/// Every migration, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    migration!("20261123100000_create_roles"),
    migration!("20261123100050_close_timescaledb_functions"),
    migration!("20261123100100_create_tenancy"),
    migration!("20261123100200_create_timeseries_functions"),
    migration!("20261123100300_create_chunk_functions"),
    migration!("20261123100400_create_customers"),
    migration!("20261123100500_create_stores"),
    migration!("20261123100600_create_products"),
    migration!("20261123100700_create_suppliers"),
    migration!("20261123100800_create_integrations"),
    migration!("20261123100900_create_external_ids"),
    migration!("20261123101000_create_transactions"),
    migration!("20261123101100_create_inventory_levels"),
    migration!("20261123101200_create_demand_forecasts"),
    migration!("20261123101300_create_forecast_accuracy"),
    migration!("20261123101400_create_reorder_points"),
    migration!("20261123101500_create_purchase_orders"),
    migration!("20261123101600_create_purchase_order_lines"),
    migration!("20261123101700_create_promotions"),
    migration!("20261123101800_create_alerts"),
    migration!("20261123101900_create_actions"),
    migration!("20261123102000_create_anomalies"),
    migration!("20261123102100_create_sync_runs"),
    migration!("20261123102200_create_sync_cursors"),
    migration!("20261123102300_create_webhook_events"),
    migration!("20261123102400_create_quarantined_records"),
    migration!("20261123102500_create_quality_results"),
    migration!("20261123102600_create_api_keys"),
    migration!("20261123102700_create_audit_log"),
    migration!("20261123102800_create_reference_guards"),
    migration!("20261123102900_create_sales_rollups"),
    migration!("20261123103000_create_latest_inventory"),
    migration!("20261123103100_create_finish_chunk"),
    migration!("20261126223000_name_api_keys"),
    migration!("20261126223100_create_api_key_lookup"),
    migration!("20261126225000_connect_integrations"),
    migration!("20261126225100_create_reconciliations"),
    migration!("20261126230000_create_job_queue"),
    migration!("20261126230100_create_schedules"),
    migration!("20261127030000_compress_sales_by_tenant"),
    migration!("20261127100000_create_statement_history"),
    migration!("20261127125000_create_platform_alerts"),
    migration!("20261127130000_create_plans"),
    migration!("20261127140000_plan_timeseries"),
    migration!("20261127150000_know_waiting_jobs"),
    migration!("20261128100000_remember_dropped_chunks"),
    migration!("20261128110000_refuse_jobs_of_nobody"),
    migration!("20261128120000_remember_failed_streams"),
    migration!("20261128130000_keep_one_dead_letter"),
];
