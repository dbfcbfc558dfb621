//! Exact decimal numbers from text.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::field::quote;

/// How a source writes numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberFormat {
    /// `1234.50`: a point, no grouping.
    #[default]
    Plain,
    /// `1,234.50`: a point, commas group thousands.
    CommaGroups,
    /// `1.234,50`: a comma, points group thousands.
    PointGroups,
}

/// Reads a decimal exactly; `-0` is zero, `1e3` is 1000.
///
/// # Errors
/// Says why the text is no such number: not a number, grouped thousands that the mapping did not
/// announce, or more than 28 significant digits.
pub fn parse_number(raw: &str, format: NumberFormat) -> Result<Decimal, String> {
    let text = raw.trim();
    let parsed = match format {
        NumberFormat::Plain => parse_plain(text),
        NumberFormat::CommaGroups => parse_plain(&ungroup(text, ',', '.')?),
        NumberFormat::PointGroups => parse_plain(&ungroup(text, '.', ',')?),
    };
    parsed.ok_or_else(|| explain(text))
}

fn parse_plain(text: &str) -> Option<Decimal> {
    let looks_numeric = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    if !looks_numeric {
        return None;
    }
    let number = if text.bytes().any(|byte| byte.eq_ignore_ascii_case(&b'e')) {
        Decimal::from_scientific(text).ok()?
    } else {
        Decimal::from_str_exact(text).ok()?
    };
    Some(if number.is_zero() { Decimal::ZERO } else { number })
}

/// Removes grouping marks, which must stand before every third digit of the whole part.
fn ungroup(text: &str, group: char, point: char) -> Result<String, String> {
    let (whole, fraction) =
        text.split_once(point).map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let digits = whole.trim_start_matches(['-', '+']);
    let mut groups = digits.split(group);
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.peekable();
    let grouped = rest.peek().is_some();
    let well_grouped = rest.all(|part| part.len() == 3) && (!grouped || first.len() <= 3);
    if !well_grouped || fraction.is_some_and(|digits| digits.contains(group)) {
        return Err(format!("{} is not grouped in thousands", quote(text)));
    }
    let mut plain = whole.replace(group, "");
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
    }
    Ok(plain)
}

fn explain(text: &str) -> String {
    let shown = quote(text);
    let bare = text.trim_start_matches(['-', '+']);
    if bare.is_empty() {
        return format!("{shown} is not a number");
    }
    if bare.eq_ignore_ascii_case("nan") || bare.to_ascii_lowercase().starts_with("inf") {
        return format!("{shown} is not a finite number");
    }
    if bare.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b' ')) {
        return if bare.contains([',', ' ']) {
            format!(
                "{shown} groups or separates digits: say how in the mapping (number_format = \
                 \"comma-groups\" or \"point-groups\")"
            )
        } else {
            format!("{shown} has more than 28 significant digits or several points")
        };
    }
    let exponent = bare.split_once(['e', 'E']).and_then(|(_, power)| power.parse::<i32>().ok());
    if exponent.is_some() {
        return format!("{shown} is outside the range of an exact decimal (28 digits)");
    }
    format!("{shown} is not a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Result<String, String> {
        parse_number(text, NumberFormat::Plain).map(|number| number.to_string())
    }

    #[test]
    fn reads_exact_decimals() {
        assert_eq!(plain("12.3400").unwrap(), "12.3400");
        assert_eq!(plain(" -7 ").unwrap(), "-7");
        assert_eq!(plain("-0").unwrap(), "0");
        assert_eq!(plain("1e3").unwrap(), "1000");
        assert_eq!(plain("2.5E-3").unwrap(), "0.0025");
    }

    #[test]
    fn refuses_what_is_no_exact_number_and_says_why() {
        for (text, reason) in [
            ("1e308", "outside the range"),
            ("NaN", "finite"),
            ("-inf", "finite"),
            ("1,234.50", "number_format"),
            ("N/A", "not a number"),
            ("1.2.3", "several points"),
            ("", "not a number"),
            ("0x10", "not a number"),
            ("99999999999999999999999999999999", "28 significant"),
        ] {
            let said = plain(text).unwrap_err();
            assert!(said.contains(reason), "{text}: {said}");
        }
    }

    #[test]
    fn reads_grouped_numbers_only_when_announced_and_well_grouped() {
        let commas = |text| parse_number(text, NumberFormat::CommaGroups);
        assert_eq!(commas("1,234.50").unwrap().to_string(), "1234.50");
        assert_eq!(commas("-1,234,567").unwrap().to_string(), "-1234567");
        assert!(commas("12,34.50").is_err());
        assert!(commas("1234,567").is_err());
        let points = |text| parse_number(text, NumberFormat::PointGroups);
        assert_eq!(points("1.234,50").unwrap().to_string(), "1234.50");
        assert_eq!(points("0,99").unwrap().to_string(), "0.99");
    }
}
