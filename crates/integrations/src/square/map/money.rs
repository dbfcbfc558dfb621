//! Amounts: from smallest units to exact decimals.

use rust_decimal::Decimal;
use shelfops_ingest::source::Malformed;
use shelfops_ingest::values::{Currency, Field, UnreadableKind};

use super::field;
use crate::square::wire::Money;

/// Converts an amount: 2160 is 21.60 of USD, 2160 of JPY and 2.160 of KWD.
pub(in crate::square) fn amount(money: Option<&Money>, currency: Currency) -> Option<Decimal> {
    Some(Decimal::new(money?.amount?, currency.decimals()))
}

/// Reads an amount that a record cannot do without, in a currency that may not be known.
pub(super) fn required(money: Option<&Money>, currency: &Field<Currency>) -> Field<Decimal> {
    match currency {
        Field::Value(known) => amount(money, *known).into(),
        Field::Absent => Field::Absent,
        Field::Unreadable(_) => {
            Field::unreadable(UnreadableKind::Currency, "its currency is not known")
        }
    }
}

/// The currency that several amounts share.
///
/// # Errors
/// Refuses amounts in different currencies: adding them up would be wrong.
pub(super) fn shared_currency<'a>(
    amounts: impl IntoIterator<Item = Option<&'a Money>>,
) -> Result<Field<Currency>, Malformed> {
    let mut codes = amounts.into_iter().flatten().filter_map(|money| money.currency.as_deref());
    let first = codes.next();
    match codes.find(|code| Some(*code) != first) {
        Some(_) => field::malformed("its amounts are in several currencies"),
        None => Ok(field::currency(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: i64, currency: &str) -> Money {
        Money { amount: Some(amount), currency: Some(currency.to_owned()) }
    }

    #[test]
    fn each_currency_has_its_own_smallest_unit() {
        for (code, shown) in
            [("USD", "21.60"), ("EUR", "21.60"), ("JPY", "2160"), ("KWD", "2.160"), ("UGX", "2160")]
        {
            let currency = Currency::parse(code).unwrap();
            assert_eq!(amount(Some(&money(2160, code)), currency).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn the_largest_amounts_stay_exact() {
        let currency = Currency::parse("USD").unwrap();
        let most = amount(Some(&money(i64::MAX, "USD")), currency).unwrap();
        assert_eq!(most.to_string(), "92233720368547758.07");
        assert_eq!(amount(Some(&money(-5, "USD")), currency).unwrap().to_string(), "-0.05");
        assert_eq!(amount(None, currency), None);
    }

    #[test]
    fn currencies_are_not_mixed() {
        let (dollars, euros) = (money(1, "USD"), money(1, "EUR"));
        assert!(shared_currency([Some(&dollars), None, Some(&euros)]).is_err());
        assert!(shared_currency([Some(&dollars), None, Some(&dollars)]).unwrap().value().is_some());
        assert!(shared_currency([None]).unwrap().is_absent());
    }
}
