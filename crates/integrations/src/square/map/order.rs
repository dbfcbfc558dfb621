//! An order as transactions: one record a line.
//!
//! Tips are no sales and leave no record.

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shelfops_ingest::records::{Draft, TransactionType, Withdrawn};
use shelfops_ingest::source::Malformed;

use super::field;
use super::order_line::{Head, Side, changed_at, charge, goods};
use super::order_total::ToldTotal;
use crate::connector::Excerpt;
use crate::square::wire::Order;

/// Members of an order that its records are read from. The others may tell who bought.
const KEPT: &[&str] = &["id", "location_id", "state", "version", "created_at", "updated_at"];

/// Lists of lines.
const LISTS: &[&str] = &["line_items", "service_charges", "returns"];

/// Where in an order a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::square) enum OrderPart {
    /// The order itself could not be read.
    Whole,
    /// A line that was sold.
    Line(usize),
    /// A charge for service.
    Charge(usize),
    /// A line of a return.
    ReturnLine(usize, usize),
    /// A charge for service of a return.
    ReturnCharge(usize, usize),
}

/// What became of an order.
enum Standing {
    /// It counts.
    Counts,
    /// It was cancelled: its lines were never sold, nor returned.
    Void,
    /// It is not an order yet.
    Draft,
    /// Nobody told us of such a state.
    Unknown,
}

/// Hands over each record of an order, in its order.
pub(in crate::square) fn each_record(
    order: &Order<'_>,
    mut each: impl FnMut(OrderPart, Result<Draft, Malformed>),
) {
    let standing = standing(order);
    if matches!(standing, Standing::Draft) {
        return;
    }
    let head = Head::of(order, line_count(order));
    let mut read = |part, side, json: &RawValue| {
        let kind = match (&standing, side) {
            (Standing::Counts, Side::Sold) => TransactionType::Sale,
            (Standing::Counts, Side::Returned) => TransactionType::Return,
            (Standing::Void, _) => TransactionType::Void,
            (Standing::Draft | Standing::Unknown, _) => {
                return each(part, field::malformed("the state of its order is not known"));
            }
        };
        let is_charge = matches!(part, OrderPart::Charge(_) | OrderPart::ReturnCharge(..));
        let draft = if is_charge {
            field::parse(json.get()).and_then(|told| charge(&head, side, kind, &told))
        } else {
            field::parse(json.get()).and_then(|told| goods(&head, side, kind, &told))
        };
        each(part, draft);
    };
    for (index, line) in lines(&order.line_items) {
        read(OrderPart::Line(index), Side::Sold, line);
    }
    for (index, charge) in lines(&order.service_charges) {
        read(OrderPart::Charge(index), Side::Sold, charge);
    }
    for (number, returned) in order.returns.iter().flatten().enumerate() {
        for (index, line) in lines(&returned.return_line_items) {
            read(OrderPart::ReturnLine(number, index), Side::Returned, line);
        }
        for (index, charge) in lines(&returned.return_service_charges) {
            read(OrderPart::ReturnCharge(number, index), Side::Returned, charge);
        }
    }
}

/// Returns an order that has no line, or none any more: those that it had are sold no more. One that comes to
/// something all the same has lines that we do not see, and takes none back.
pub(in crate::square) fn without_lines(order: &Order<'_>) -> Option<Result<Withdrawn, Malformed>> {
    let is_told = matches!(standing(order), Standing::Counts | Standing::Void);
    if !is_told || line_count(order) > 0 {
        return None;
    }
    if ToldTotal::of(order).is_some_and(|told| !told.is_met_by(Decimal::ZERO)) {
        return Some(Err(without_any_line()));
    }
    let withdrawn = || {
        Some(Withdrawn {
            external_id: field::text(order.id.as_deref()).into_value()?,
            store: field::text(order.location_id.as_deref()).into_value()?,
            occurred_at: field::instant(order.created_at.as_deref())?,
            updated_at: changed_at(order).into_value()?.instant,
        })
    };
    withdrawn().map(Ok)
}

/// What is wrong with an order that comes to something and tells no line.
pub(in crate::square) fn without_any_line() -> Malformed {
    Malformed { reason: "it has no line that we know".to_owned() }
}

/// Whether an order is one of sales and returns.
pub(in crate::square) fn does_count(order: &Order<'_>) -> bool {
    matches!(standing(order), Standing::Counts)
}

/// Whether an order was cancelled.
pub(in crate::square) fn is_void(order: &Order<'_>) -> bool {
    matches!(standing(order), Standing::Void)
}

fn standing(order: &Order<'_>) -> Standing {
    match order.state.as_deref() {
        // Open ones are kept: layaways and orders of web shops are sold, though not handed over.
        Some("OPEN" | "COMPLETED") => Standing::Counts,
        Some("CANCELED") => Standing::Void,
        Some("DRAFT") => Standing::Draft,
        _ => Standing::Unknown,
    }
}

/// Counts the records that an order gives.
fn line_count(order: &Order<'_>) -> usize {
    let of = |list: &Option<Vec<&RawValue>>| list.as_ref().map_or(0, Vec::len);
    let returned = order.returns.iter().flatten();
    of(&order.line_items)
        + of(&order.service_charges)
        + returned
            .map(|told| of(&told.return_line_items) + of(&told.return_service_charges))
            .sum::<usize>()
}

fn lines<'a>(list: &Option<Vec<&'a RawValue>>) -> impl Iterator<Item = (usize, &'a RawValue)> {
    list.iter().flatten().copied().enumerate().collect::<Vec<_>>().into_iter()
}

impl Excerpt for OrderPart {
    /// Keeps the order's head and the one line, in their places.
    fn of(&self, mut order: Value) -> Value {
        let list = match *self {
            Self::Whole => None,
            Self::Line(index) => {
                Some(("line_items", json!([take(&mut order, "line_items", index)])))
            }
            Self::Charge(index) => {
                Some(("service_charges", json!([take(&mut order, "service_charges", index)])))
            }
            Self::ReturnLine(number, index) => {
                Some(("returns", returned(&mut order, number, "return_line_items", index)))
            }
            Self::ReturnCharge(number, index) => {
                Some(("returns", returned(&mut order, number, "return_service_charges", index)))
            }
        };
        let Value::Object(mut order) = order else { return order };
        match list {
            None => order
                .retain(|name, _| KEPT.contains(&name.as_str()) || LISTS.contains(&name.as_str())),
            Some((name, list)) => {
                order.retain(|name, _| KEPT.contains(&name.as_str()));
                order.insert(name.to_owned(), list);
            }
        }
        Value::Object(order)
    }
}

fn returned(order: &mut Value, number: usize, list: &str, index: usize) -> Value {
    let source = order.pointer(&format!("/returns/{number}/source_order_id")).cloned();
    let line = take(order, &format!("returns/{number}/{list}"), index);
    json!([{ "source_order_id": source, (list): [line] }])
}

fn take(order: &mut Value, list: &str, index: usize) -> Value {
    order.pointer_mut(&format!("/{list}/{index}")).map(Value::take).unwrap_or_default()
}
