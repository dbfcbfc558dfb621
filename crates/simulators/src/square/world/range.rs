//! The words that items are made of: what a shop for the house sells.

/// A category of the catalog.
#[derive(Debug)]
pub(crate) struct Category {
    pub(crate) name: &'static str,
    pub(crate) nouns: &'static [&'static str],
    /// What its variations differ in.
    pub(crate) variations: &'static [&'static str],
    /// The lowest and highest price in American cents.
    pub(crate) price_cents: (u32, u32),
    /// Whether its items are weighed.
    pub(crate) is_weighed: bool,
    pub(crate) is_taxed: bool,
}

/// What items are called before their noun.
pub(crate) const ADJECTIVES: &[&str] = &[
    "Stoneware",
    "Everyday",
    "Harbour",
    "Striped",
    "Classic",
    "Hand-made",
    "Little",
    "Grand",
    "Northern",
    "Morning",
    "Garden",
    "Winter",
    "Copper",
    "Woven",
    "Simple",
    "Old Town",
    "Café",
    "River",
    "Summer",
    "Linen",
];

const COLOURS: &[&str] = &["Blue", "Sand", "Forest", "White"];
const SIZES: &[&str] = &["Small", "Medium", "Large"];
const SCENTS: &[&str] = &["Lavender", "Cedar", "Citrus"];
const ONE: &[&str] = &["Regular"];

/// Every category.
pub(crate) const CATEGORIES: &[Category] = &[
    Category {
        name: "Kitchen",
        nouns: &["mug", "bowl", "plate", "teapot", "chopping board", "jug", "pan", "ladle"],
        variations: COLOURS,
        price_cents: (600, 6_800),
        is_weighed: false,
        is_taxed: true,
    },
    Category {
        name: "Textiles",
        nouns: &["towel", "blanket", "cushion", "apron", "tablecloth", "rug"],
        variations: SIZES,
        price_cents: (900, 12_900),
        is_weighed: false,
        is_taxed: true,
    },
    Category {
        name: "Candles and soap",
        nouns: &["candle", "soap", "diffuser", "bath salt", "hand cream"],
        variations: SCENTS,
        price_cents: (450, 3_900),
        is_weighed: false,
        is_taxed: true,
    },
    Category {
        name: "Stationery",
        nouns: &["notebook", "card", "pencil set", "wrapping paper", "calendar", "ink"],
        variations: COLOURS,
        price_cents: (199, 2_900),
        is_weighed: false,
        is_taxed: true,
    },
    Category {
        name: "Pantry",
        nouns: &["jam", "honey", "chutney", "olive oil", "biscuits", "mustard", "tea"],
        variations: SIZES,
        price_cents: (299, 1_900),
        is_weighed: false,
        is_taxed: false,
    },
    Category {
        name: "Loose goods",
        nouns: &["coffee", "nuts", "dried apricots", "rice", "lentils"],
        variations: ONE,
        price_cents: (690, 3_400),
        is_weighed: true,
        is_taxed: false,
    },
    Category {
        name: "Plants",
        nouns: &["fern", "ivy", "cactus", "herb pot", "orchid"],
        variations: SIZES,
        price_cents: (499, 4_900),
        is_weighed: false,
        is_taxed: true,
    },
];
