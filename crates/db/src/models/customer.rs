//! Tenants: the operators' directory, and the tenant's own row in `customers`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use shelfops_ingest::CustomerId;
use shelfops_ingest::values::Currency;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::{time_zone, timestamp};
use crate::error::doing;
use crate::{Database, DbError, OperatorTx, TenantTx};

/// A tenant.
#[derive(Clone, Debug, Serialize)]
pub struct Tenant {
    /// Its id.
    pub customer_id: CustomerId,
    /// The short name that commands take.
    pub slug: String,
    /// When it was added.
    pub created_at: Option<Timestamp>,
}

/// What a new tenant is called and counts in.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// The short name that commands take.
    pub slug: String,
    /// The name that people read.
    pub name: String,
    /// The currency of records that state none.
    pub currency: Currency,
    /// The clock of stores that state none.
    pub time_zone: TimeZone,
}

/// A tenant's own settings.
#[derive(Clone, Debug)]
pub struct TenantSettings {
    /// The name that people read.
    pub name: String,
    /// The currency of records that state none.
    pub currency: Option<Currency>,
    /// The clock of stores that state none.
    pub time_zone: TimeZone,
}

impl Database {
    /// Adds a tenant.
    ///
    /// # Errors
    /// Refuses a slug that is taken or malformed, and a time zone that the server does not know.
    pub async fn add_tenant(&self, new: &NewTenant) -> Result<Tenant, DbError> {
        let customer_id = CustomerId::generate();
        let operator = self.operator().await?;
        let entered = operator
            .execute(
                "insert into shelfops.tenants (customer_id, slug) values ($1, $2)",
                &[&customer_id.as_uuid(), &new.slug],
            )
            .await;
        if let Err(error) = entered {
            return Err(match error.code() {
                Some(code) if *code == SqlState::UNIQUE_VIOLATION => {
                    DbError::TenantExists(new.slug.clone())
                }
                Some(code) if *code == SqlState::CHECK_VIOLATION => {
                    DbError::BadSlug(new.slug.clone())
                }
                _ => doing("enter the tenant in the directory")(error),
            });
        }
        let zone = known_zone(&operator, &new.time_zone).await?;
        operator
            .execute("select shelfops.enter_tenant($1)", &[&customer_id.as_uuid()])
            .await
            .map_err(doing("enter the new tenant"))?;
        operator
            .execute(
                "insert into customers (customer_id, name, currency, time_zone)
                 values ($1, $2, $3, $4)",
                &[&customer_id.as_uuid(), &new.name, &new.currency.code(), &zone],
            )
            .await
            .map_err(doing("add the tenant"))?;
        operator.commit().await?;
        self.find_tenant(&new.slug).await
    }

    /// Finds a tenant by its id.
    ///
    /// # Errors
    /// Says so when there is none.
    pub async fn tenant_of(&self, customer_id: CustomerId) -> Result<Tenant, DbError> {
        let operator = self.operator().await?;
        let row = operator
            .query_opt(
                "select slug, created_at from shelfops.tenants where customer_id = $1",
                &[&customer_id.as_uuid()],
            )
            .await
            .map_err(doing("find the tenant"))?;
        operator.commit().await?;
        let row = row.ok_or_else(|| {
            DbError::NotFound(format!("there is no tenant {customer_id} any more"))
        })?;
        Ok(Tenant { customer_id, slug: row.get(0), created_at: timestamp(row.get(1)) })
    }

    /// Finds a tenant by its slug.
    ///
    /// # Errors
    /// Says so when there is none, with a slug that is nearly the same.
    pub async fn find_tenant(&self, slug: &str) -> Result<Tenant, DbError> {
        let operator = self.operator().await?;
        if let Some(tenant) = operator.tenant_of(slug).await? {
            return Ok(tenant);
        }
        let tenants = operator.tenants().await?;
        let similar = tenants
            .into_iter()
            .map(|tenant| (edit_distance(slug, &tenant.slug), tenant.slug))
            .filter(|(distance, _)| *distance <= 2)
            .min();
        Err(DbError::UnknownTenant {
            slug: slug.to_owned(),
            similar: similar.map(|(_, slug)| slug),
        })
    }
}

impl OperatorTx {
    /// Lists every tenant by slug.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, DbError> {
        let rows = self
            .query("select customer_id, slug, created_at from shelfops.tenants order by slug", &[])
            .await
            .map_err(doing("list the tenants"))?;
        Ok(rows.iter().map(tenant).collect())
    }

    /// Finds the tenant of exactly that slug: one look into an index, since every request makes it.
    async fn tenant_of(&self, slug: &str) -> Result<Option<Tenant>, DbError> {
        let row = self
            .query_opt(
                "select customer_id, slug, created_at from shelfops.tenants where slug = $1",
                &[&slug],
            )
            .await
            .map_err(doing("find the tenant"))?;
        Ok(row.as_ref().map(tenant))
    }
}

fn tenant(row: &Row) -> Tenant {
    Tenant {
        customer_id: CustomerId::new(row.get(0)),
        slug: row.get(1),
        created_at: timestamp(row.get(2)),
    }
}

impl TenantTx {
    /// Reads the tenant's own settings.
    ///
    /// # Errors
    /// Fails when the server does, or when this machine does not know the tenant's clock.
    pub async fn settings(&self) -> Result<TenantSettings, DbError> {
        let row = self
            .query_one(
                "select name, currency, time_zone from customers where customer_id = $1",
                &[&self.customer_id().as_uuid()],
            )
            .await
            .map_err(doing("read the tenant's settings"))?;
        Ok(TenantSettings {
            name: row.get(0),
            currency: Currency::parse(row.get(1)).ok(),
            time_zone: time_zone(row.get(2))?,
        })
    }
}

/// Returns the name of a time zone that the server knows as well: it computes business dates.
async fn known_zone<'z>(operator: &OperatorTx, zone: &'z TimeZone) -> Result<&'z str, DbError> {
    let name = zone.iana_name().unwrap_or("a fixed offset");
    let row = operator
        .query_opt(
            "select from pg_timezone_names as known where lower(known.name) = lower($1)",
            &[&name],
        )
        .await
        .map_err(doing("look for the time zone"))?;
    row.map(|_| name).ok_or_else(|| DbError::UnknownTimeZone(name.to_owned()))
}

/// How many letters must be added, dropped or changed to get from one word to the other.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::edit_distance;

    #[test]
    fn counts_letters_between_words() {
        assert_eq!(edit_distance("nrothwind", "northwind"), 2);
        assert_eq!(edit_distance("acme", "acme"), 0);
        assert_eq!(edit_distance("", "abc"), 3);
    }
}
