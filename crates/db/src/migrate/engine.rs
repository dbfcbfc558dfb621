//! Chooses the time-series engine of a new database and readies the server for it.

use deadpool_postgres::Object;

use super::MigrationError;
use crate::Engine;
use crate::error::doing;

/// What the server has to offer.
struct Offer {
    is_preloaded: bool,
    is_available: bool,
    is_installed: bool,
    may_create: bool,
}

/// Whether the schema has been built for an engine already; before that, migrations ask for one.
pub(super) async fn is_chosen(client: &Object) -> Result<bool, MigrationError> {
    let row = client
        .query_one("select to_regclass('shelfops.timeseries_engine_choice') is not null", &[])
        .await
        .map_err(doing("look for the time-series engine"))?;
    Ok(row.get(0))
}

/// Chooses an engine and creates its extension; `wanted` decides if there is a wish.
pub(super) async fn prepare(
    client: &Object,
    wanted: Option<Engine>,
) -> Result<Engine, MigrationError> {
    match wanted {
        Some(Engine::Native) => Ok(Engine::Native),
        Some(Engine::Citus) => Err(unavailable(
            Engine::Citus,
            "this release keeps time series on one machine; use native or timescale",
        )),
        Some(engine) => {
            let offered = offer(client).await?;
            require(engine, &offered)?;
            let found = create_extension(client).await?;
            if found == engine {
                return Ok(found);
            }
            Err(unavailable(engine, &format!("the server's timescaledb.license makes it {found}")))
        }
        None => {
            let offered = offer(client).await?;
            let usable = offered.is_installed || (offered.is_preloaded && offered.may_create);
            if offered.is_available && usable {
                create_extension(client).await
            } else {
                Ok(Engine::Native)
            }
        }
    }
}

async fn offer(client: &Object) -> Result<Offer, MigrationError> {
    let row = client
        .query_one(
            "select
                 current_setting('shared_preload_libraries') like '%timescaledb%',
                 exists (select from pg_available_extensions where name = 'timescaledb'),
                 exists (select from pg_extension where extname = 'timescaledb'),
                 (select rolsuper from pg_roles where rolname = current_user)
                     or exists (
                         select from pg_available_extension_versions
                         where name = 'timescaledb' and trusted
                     )",
            &[],
        )
        .await
        .map_err(doing("look for TimescaleDB"))?;
    Ok(Offer {
        is_preloaded: row.get(0),
        is_available: row.get(1),
        is_installed: row.get(2),
        may_create: row.get(3),
    })
}

fn require(engine: Engine, offered: &Offer) -> Result<(), MigrationError> {
    if !offered.is_available {
        return Err(unavailable(
            engine,
            "the server has no TimescaleDB; install it, or use native",
        ));
    }
    if !offered.is_preloaded {
        let advice = "add timescaledb to shared_preload_libraries and restart the server";
        return Err(unavailable(engine, advice));
    }
    if !offered.is_installed && !offered.may_create {
        let advice = "ask a superuser to run: create extension timescaledb";
        return Err(unavailable(engine, advice));
    }
    Ok(())
}

/// Creates the extension and answers which edition it is.
async fn create_extension(client: &Object) -> Result<Engine, MigrationError> {
    client
        .batch_execute("create extension if not exists timescaledb")
        .await
        .map_err(doing("create the extension timescaledb"))?;
    let license = client
        .query_one("select current_setting('timescaledb.license')", &[])
        .await
        .map_err(doing("ask for timescaledb.license"))?;
    let is_community = license.get::<_, &str>(0) == "timescale";
    Ok(if is_community { Engine::Timescale } else { Engine::TimescaleApache })
}

fn unavailable(engine: Engine, reason: &str) -> MigrationError {
    MigrationError::EngineUnavailable { engine, reason: reason.to_owned() }
}
