//! Refuses amounts that nobody could pay, and numbers no column can hold.

use rust_decimal::Decimal;

use super::{Reason, Rule, RuleContext};
use crate::records::Draft;
use crate::values::{Currency, Field};

/// The decimals a price or count may have: those columns are `numeric(19,4)`.
const PRICE_DECIMALS: u32 = 4;

/// What every number stays below: ten to the fifteenth, all that `numeric(19,4)` holds.
const LIMIT: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// Amounts are whole multiples of the currency's smallest unit.
pub struct MoneyExact;

impl Rule for MoneyExact {
    fn name(&self) -> &'static str {
        "money-exact"
    }

    fn summary(&self) -> &'static str {
        "Amounts are whole multiples of the currency's smallest unit."
    }

    fn explanation(&self) -> &'static str {
        "A line total of 3.2750 USD was computed with binary fractions, or is not what was paid. \
         Rounding it here would make our totals differ from the till's. Unit prices and costs may \
         have four decimals: fuel and goods sold by weight need them."
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        match draft {
            Draft::Transaction(line) => {
                let currency = line.currency.value().copied();
                payable("discount_amount", &line.discount_amount, currency)?;
                payable("tax_amount", &line.tax_amount, currency)?;
                payable("total_amount", &line.total_amount, currency)?;
                storable("unit_price", &line.unit_price)?;
                not_negative("discount_amount", &line.discount_amount)?;
                not_negative("unit_price", &line.unit_price)
            }
            Draft::PurchaseOrderLine(line) => {
                storable("unit_cost", &line.unit_cost)?;
                storable("quantity_received", &line.quantity_received)?;
                not_negative("quantity_received", &line.quantity_received)?;
                not_negative("unit_cost", &line.unit_cost)
            }
            Draft::Product(product) => {
                storable("unit_price", &product.unit_price)?;
                storable("unit_cost", &product.unit_cost)?;
                not_negative("unit_price", &product.unit_price)?;
                not_negative("unit_cost", &product.unit_cost)
            }
            Draft::InventoryLevel(level) => {
                storable("quantity_on_hand", &level.quantity_on_hand)?;
                storable("quantity_reserved", &level.quantity_reserved)?;
                storable("quantity_on_order", &level.quantity_on_order)
            }
            Draft::Supplier(supplier) => {
                storable("lead_time_days", &supplier.lead_time_days)?;
                not_negative("lead_time_days", &supplier.lead_time_days)
            }
            Draft::Store(_) => Ok(()),
        }
    }
}

fn payable(name: &str, amount: &Field<Decimal>, currency: Option<Currency>) -> Result<(), Reason> {
    let (Some(amount), Some(currency)) = (amount.value(), currency) else { return Ok(()) };
    in_range(name, *amount)?;
    let decimals = currency.decimals();
    if amount.scale() <= decimals || amount.normalize().scale() <= decimals {
        return Ok(());
    }
    let unit = Decimal::new(1, decimals);
    Err(format!("{name} {amount} is finer than the smallest unit of {currency}, {unit}").into())
}

fn storable(name: &str, number: &Field<Decimal>) -> Result<(), Reason> {
    let Some(number) = number.value() else { return Ok(()) };
    in_range(name, *number)?;
    if number.scale() <= PRICE_DECIMALS || number.normalize().scale() <= PRICE_DECIMALS {
        return Ok(());
    }
    Err(format!("{name} {number} has more than {PRICE_DECIMALS} decimals").into())
}

fn in_range(name: &str, number: Decimal) -> Result<(), Reason> {
    if number.abs() < LIMIT {
        return Ok(());
    }
    Err(format!("{name} {number} is a thousand million million or more").into())
}

fn not_negative(name: &str, number: &Field<Decimal>) -> Result<(), Reason> {
    match number.value() {
        Some(number) if *number < Decimal::ZERO => {
            Err(format!("{name} {number} is negative").into())
        }
        _ => Ok(()),
    }
}
