//! Refuses text that the database cannot hold.

use super::{Reason, Rule, RuleContext, all_readable};
use crate::records::Draft;
use crate::values::{Text, UnreadableKind};

/// The most bytes an identifier may have.
///
/// A B-tree entry of PostgreSQL holds at most 2,704 bytes; two identifiers, the tenant and a time
/// share one, with room to spare.
const IDENTIFIER_BYTES: usize = 255;

/// Text is free of NUL characters, and identifiers are at most 255 bytes long.
pub struct TextStorable;

impl Rule for TextStorable {
    fn name(&self) -> &'static str {
        "text-storable"
    }

    fn summary(&self) -> &'static str {
        "Text is free of NUL characters, and identifiers are at most 255 bytes long."
    }

    fn explanation(&self) -> &'static str {
        "PostgreSQL stores no U+0000 in text, and an index entry has an upper size. Both are signs \
         of a broken export: a column shifted, or a binary file read as text."
    }

    fn check(&self, draft: &Draft, _context: &RuleContext) -> Result<(), Reason> {
        all_readable(draft, UnreadableKind::Text)?;
        let identifiers = identifiers(draft);
        let too_long = identifiers
            .into_iter()
            .flatten()
            .find(|(_, identifier)| identifier.len() > IDENTIFIER_BYTES);
        too_long.map_or(Ok(()), |(field, identifier)| {
            Err(format!("{field} has {} bytes, {IDENTIFIER_BYTES} are allowed", identifier.len())
                .into())
        })
    }
}

type Identifiers<'a> = [Option<(&'static str, &'a Text)>; 5];

fn identifiers(draft: &Draft) -> Identifiers<'_> {
    match draft {
        Draft::Store(draft) => {
            [draft.external_id.value().map(|id| ("external_id", id)), None, None, None, None]
        }
        Draft::Product(draft) => [
            draft.external_id.value().map(|id| ("external_id", id)),
            draft.sku.value().map(|id| ("sku", id)),
            draft.barcode.value().map(|id| ("barcode", id)),
            None,
            None,
        ],
        Draft::Supplier(draft) => {
            [draft.external_id.value().map(|id| ("external_id", id)), None, None, None, None]
        }
        Draft::Transaction(draft) => [
            draft.external_id.value().map(|id| ("external_id", id)),
            draft.order_id.value().map(|id| ("order_id", id)),
            draft.store.value().map(|id| ("store", id)),
            draft.product.value().map(|id| ("product", id)),
            None,
        ],
        Draft::InventoryLevel(draft) => [
            draft.store.value().map(|id| ("store", id)),
            draft.product.value().map(|id| ("product", id)),
            None,
            None,
            None,
        ],
        Draft::PurchaseOrderLine(draft) => [
            draft.order_id.value().map(|id| ("order_id", id)),
            draft.line_id.value().map(|id| ("line_id", id)),
            draft.supplier.value().map(|id| ("supplier", id)),
            draft.store.value().map(|id| ("store", id)),
            draft.product.value().map(|id| ("product", id)),
        ],
    }
}
