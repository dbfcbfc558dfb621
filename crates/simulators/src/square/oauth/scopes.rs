//! The permissions there are.

/// Every permission that a merchant can be asked for here.
pub(crate) const SCOPES: &[&str] = &[
    "BANK_ACCOUNTS_READ",
    "CUSTOMERS_READ",
    "INVENTORY_READ",
    "INVENTORY_WRITE",
    "ITEMS_READ",
    "ITEMS_WRITE",
    "MERCHANT_PROFILE_READ",
    "MERCHANT_PROFILE_WRITE",
    "ORDERS_READ",
    "ORDERS_WRITE",
    "PAYMENTS_READ",
    "PAYMENTS_WRITE",
    "SETTLEMENTS_READ",
    "VENDOR_READ",
    "VENDOR_WRITE",
];

/// What is asked for when an application asks for nothing.
const DEFAULT: &str = "MERCHANT_PROFILE_READ PAYMENTS_READ SETTLEMENTS_READ BANK_ACCOUNTS_READ";

/// Reads a list of scopes separated by spaces; refuses what is none, naming it.
pub(super) fn parse(scope: Option<&str>) -> Result<Vec<&'static str>, String> {
    scope
        .filter(|scope| !scope.trim().is_empty())
        .unwrap_or(DEFAULT)
        .split_whitespace()
        .map(|name| known(name).ok_or_else(|| name.to_owned()))
        .collect()
}

/// Returns the scope of this name.
pub(super) fn known(name: &str) -> Option<&'static str> {
    SCOPES.iter().find(|known| **known == name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asked_for_is_the_default_and_unknown_scopes_are_named() {
        assert_eq!(parse(None).unwrap().len(), 4);
        assert_eq!(parse(Some("ORDERS_READ  ITEMS_READ")).unwrap(), ["ORDERS_READ", "ITEMS_READ"]);
        assert_eq!(parse(Some("ORDERS_READ ALL")).unwrap_err(), "ALL");
    }
}
