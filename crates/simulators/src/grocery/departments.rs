//! What a grocer sells: departments, their share of catalogue and sales, their prices and shelves.
//!
//! Shares, price levels and names follow a year of a real chain's sales.

/// How well a department sells in each month, in percent of its best.
type Season = [u32; 12];

const EVEN: Season = [100; 12];
const SPRING: Season = [4, 10, 45, 100, 100, 70, 30, 15, 15, 10, 5, 4];
const SUMMER: Season = [55, 55, 65, 75, 90, 100, 100, 95, 80, 65, 55, 60];
const WINTER: Season = [80, 85, 75, 70, 65, 60, 60, 62, 70, 80, 95, 100];

/// A department.
#[derive(Debug)]
pub(super) struct Department {
    pub(super) name: &'static str,
    /// Its share of the catalogue, in parts of 10,000.
    pub(super) product_share: u64,
    /// Its share of the lines sold, in parts of 10,000.
    pub(super) line_share: u64,
    /// The lowest and highest price, in cents; most products are nearer the low end.
    pub(super) price_cents: (u32, u32),
    pub(super) season: &'static Season,
    pub(super) shelves: &'static [Shelf],
}

/// A product category with one type of product in it.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) category: &'static str,
    pub(super) product_type: &'static str,
    /// Package sizes as the retailer writes them; an empty one is not written.
    pub(super) sizes: &'static [&'static str],
}

const fn shelf(
    category: &'static str,
    product_type: &'static str,
    sizes: &'static [&'static str],
) -> Shelf {
    Shelf { category, product_type, sizes }
}

/// The index of the department that sells fuel by the thousandth, in baskets of its own.
pub(super) const FUEL: usize = DEPARTMENTS.len() - 1;

/// Every department.
pub(super) const DEPARTMENTS: &[Department] = &[
    Department {
        name: "GROCERY",
        product_share: 4_260,
        line_share: 6_390,
        price_cents: (39, 749),
        season: &EVEN,
        shelves: GROCERY,
    },
    Department {
        name: "DRUG GM",
        product_share: 3_420,
        line_share: 1_080,
        price_cents: (34, 1_299),
        season: &WINTER,
        shelves: DRUG_AND_GENERAL,
    },
    Department {
        name: "PRODUCE",
        product_share: 340,
        line_share: 1_010,
        price_cents: (49, 599),
        season: &SUMMER,
        shelves: PRODUCE,
    },
    Department {
        name: "MEAT-PCKGD",
        product_share: 263,
        line_share: 440,
        price_cents: (99, 899),
        season: &EVEN,
        shelves: &[
            shelf("LUNCHMEAT", "POULTRY", &["10 OZ", "16 OZ", "9 OZ"]),
            shelf("LUNCHMEAT", "BOLOGNA", &["16 OZ", "12 OZ"]),
            shelf("DINNER SAUSAGE", "SMOKED/COOKED", &["16 OZ", "14 OZ"]),
            shelf("BACON", "FLAVORED/OTHER", &["16 OZ", "12 OZ"]),
        ],
    },
    Department {
        name: "MEAT",
        product_share: 275,
        line_share: 350,
        price_cents: (199, 1_699),
        season: &EVEN,
        shelves: &[
            shelf("BEEF", "PRIMAL", &["1 LB", ""]),
            shelf("BEEF", "CHOICE BEEF", &[""]),
            shelf("PORK", "ENHANCED", &["", "3 LB"]),
            shelf("CHICKEN", "CHICKEN BREAST BONELESS", &["", "2.5 LB"]),
        ],
    },
    Department {
        name: "DELI",
        product_share: 255,
        line_share: 245,
        price_cents: (169, 899),
        season: &EVEN,
        shelves: &[
            shelf("DELI MEATS", "MEAT: TURKEY BULK", &[""]),
            shelf("DELI MEATS", "MEAT:HAM BULK", &["7-11 LB RW", ""]),
            shelf("CHEESES", "CHEESE: NATURAL BULK", &[""]),
            shelf("SALADS/DIPS", "SAL: POTATO, SLAW, PASTA", &["16 OZ", "3 LB"]),
        ],
    },
    Department {
        name: "PASTRY",
        product_share: 232,
        line_share: 150,
        price_cents: (50, 999),
        season: &WINTER,
        shelves: &[
            shelf("BREAKFAST SWEETS", "SW GDS:DONUTS", &["9.5 OZ", ""]),
            shelf("BREAD", "BREAD:ITALIAN/FRENCH", &["16 OZ", "14 OZ"]),
            shelf("COOKIES", "COOKIES: REGULAR", &["15 OZ", "18 CT"]),
            shelf("CAKES", "CAKES: LAYERS", &["", "8 IN"]),
        ],
    },
    Department {
        name: "NUTRITION",
        product_share: 315,
        line_share: 128,
        price_cents: (89, 699),
        season: &EVEN,
        shelves: &[
            shelf("FITNESS&DIET", "FITNESS&DIET - BARS", &["1.76 OZ", "2.1 OZ"]),
            shelf("DRIED FRUIT", "RAISINS", &["6/1.5 OZ", "24 OZ"]),
            shelf("SOY/RICE BEVERAGES", "SOY BEVERAGE", &["32 OZ", "64 OZ"]),
        ],
    },
    Department {
        name: "SEAFOOD-PCKGD",
        product_share: 61,
        line_share: 44,
        price_cents: (187, 1_299),
        season: &WINTER,
        shelves: &[
            shelf("SEAFOOD - FROZEN", "FRZN BRD STICK/PORTON", &["11.4 OZ", "19 OZ"]),
            shelf("SEAFOOD - FROZEN", "SEAFOOD-FRZ-RAW FILLETS", &["12 OZ", "1 LB"]),
        ],
    },
    Department {
        name: "SALAD BAR",
        product_share: 12,
        line_share: 38,
        price_cents: (79, 699),
        season: &SUMMER,
        shelves: &[
            shelf("SALAD BAR", "SALAD BAR FRESH FRUIT", &[""]),
            shelf("SALAD BAR", "SOUPS", &["", "16 OZ"]),
        ],
    },
    Department {
        name: "COSMETICS",
        product_share: 326,
        line_share: 30,
        price_cents: (125, 1_199),
        season: &EVEN,
        shelves: &[
            shelf("MAKEUP AND TREATMENT", "IMPLEMENTS SETS", &["1 CT", "2 OZ"]),
            shelf("MAKEUP AND TREATMENT", "NAIL COLOR", &[".29 OZ", ".5 OZ"]),
        ],
    },
    Department {
        name: "FLORAL",
        product_share: 100,
        line_share: 18,
        price_cents: (200, 2_499),
        season: &SPRING,
        shelves: &[
            shelf("ROSES", "ROSE CONSUMER BUNCH", &["12 STEM", "6 STEM"]),
            shelf("FLORAL-FRESH CUT", "SINGLE STEMS", &[""]),
        ],
    },
    Department {
        name: "SEAFOOD",
        product_share: 40,
        line_share: 16,
        price_cents: (254, 1_899),
        season: &EVEN,
        shelves: &[
            shelf("SEAFOOD-FRESH", "SEAFOOD-FRE-SALMON", &[""]),
            shelf("SEAFOOD-FRESH", "SEAFOOD-FRE-RAW FINFISH-OTHER", &["", "15 OZ"]),
        ],
    },
    Department {
        name: "SPIRITS",
        product_share: 41,
        line_share: 8,
        price_cents: (399, 2_999),
        season: &WINTER,
        shelves: &[
            shelf("LIQUOR", "TRADITIONAL VODKA(42 UNDER PROOF)", &["750 ML", "1.75 L"]),
            shelf("LIQUOR", "LIQUEURS/SPECIALTIES", &["750 ML", "375 ML"]),
        ],
    },
    Department {
        name: "GARDEN CENTER",
        product_share: 14,
        line_share: 6,
        price_cents: (100, 2_999),
        season: &SPRING,
        shelves: &[
            shelf("GARDEN CENTER", "FLATS", &["CELL PK"]),
            shelf("GARDEN CENTER", "HANGING BASKETS (BLOOMING)", &["10 IN", "12 IN"]),
        ],
    },
    Department {
        name: "MISCELLANEOUS",
        product_share: 44,
        line_share: 22,
        price_cents: (50, 1_999),
        season: &EVEN,
        shelves: &[
            // Real catalogues have products of which nothing is known but that they sell.
            shelf("", "", &["", "3 LB"]),
            shelf("COUPON/MISC ITEMS", "MEAT SUPPLIES", &[""]),
            shelf("COUPON/MISC ITEMS", "PRODUCE DEPT KEY RING", &[""]),
        ],
    },
    Department {
        name: "FUEL",
        product_share: 2,
        line_share: 0,
        price_cents: (0, 0),
        season: &EVEN,
        shelves: &[
            shelf("COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED", &[""]),
            shelf("FUEL", "GASOLINE-REG UNLEADED", &[""]),
        ],
    },
];

const GROCERY: &[Shelf] = &[
    shelf("FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY", &["1 GA", "64 OZ", "32 OZ"]),
    shelf("SOFT DRINKS", "SOFT DRINKS 12/18&15PK CAN CAR", &["12 OZ", "144 OZ"]),
    shelf("SOFT DRINKS", "SFT DRNK 2 LITER BTL CARB INCL", &["2 L"]),
    shelf("YOGURT", "YOGURT NOT MULTI-PACKS", &["6 OZ", "8 OZ", "32 OZ"]),
    shelf("CHEESE", "SHREDDED CHEESE", &["8 OZ", "16 OZ", "32 OZ"]),
    shelf("BAKED BREAD/BUNS/ROLLS", "MAINSTREAM WHITE BREAD", &["20 OZ", "24 OZ"]),
    shelf("BAG SNACKS", "POTATO CHIPS", &["11 OZ", "5.5 OZ", "13.5 OZ"]),
    shelf("FRZN MEAT/MEAT DINNERS", "SS ECONOMY ENTREES/DINNERS ALL", &["8 OZ", "9 OZ"]),
    shelf("BEERS/ALES", "BEERALEMALT LIQUORS", &["12 OZ", "24/12 OZ", "22 OZ"]),
    shelf("COLD CEREAL", "KIDS CEREAL", &["32 OZ", "14 OZ", "11.5 OZ"]),
    shelf("SOUP", "CONDENSED SOUP", &["10.5 OZ", "10.75 OZ"]),
    shelf("BAKED SWEET GOODS", "SNACK CAKE - MULTI PACK", &["13 OZ", "10 OZ"]),
    shelf("REFRGRATD JUICES/DRNKS", "DAIRY CASE 100% PURE JUICE - O", &["64 OZ", "89 OZ"]),
    shelf("FRZN VEGETABLE/VEG DSH", "FRZN BAGGED VEGETABLES - PLAIN", &["16 OZ", "32 OZ"]),
    shelf("BATH TISSUES", "TOILET TISSUE", &["83.5 SQ FT", "12 CT", "24 CT"]),
    shelf("SALD DRSNG/SNDWCH SPRD", "POURABLE SALAD DRESSINGS", &["16 OZ", "24 OZ"]),
    shelf("EGGS", "EGGS - LARGE", &["1 DZ", "18 CT"]),
    shelf("ICE CREAM/MILK/SHERBTS", "PREMIUM", &["56 OZ", "48 OZ", "16 OZ"]),
    shelf("FROZEN PIZZA", "PIZZA/PREMIUM", &["13 OZ", "28 OZ"]),
    shelf("PASTA SAUCE", "MAINSTREAM", &["26 OZ", "24 OZ"]),
    shelf("SPICES & EXTRACTS", "SPICES & SEASONINGS", &["4 OZ", "2.5 OZ", "1 OZ"]),
    shelf("CANNED JUICES", "ASEPTIC PACK JUICE AND DRINKS", &["10/6.75 OZ"]),
    shelf("SUGARS/SWEETNERS", "SUGAR", &["(600) 4 LB", "5 LB"]),
    shelf("DINNER MXS:DRY", "MACARONI & CHEESE DNRS", &["12 OZ", "7.25 OZ"]),
    shelf("DOMESTIC WINE", "POPULAR 750ML WINES", &["750 ML"]),
];

const DRUG_AND_GENERAL: &[Shelf] = &[
    shelf("CANDY - CHECKLANE", "CANDY BARS (SINGLES)(INCLUDING)", &["1 CT", "1.5 OZ"]),
    shelf("CIGARETTES", "CIGARETTES", &["CTN", "PK"]),
    shelf("BABY FOODS", "BABY FOOD - BEGINNER", &["4 OZ", "2.5 OZ"]),
    shelf("GREETING CARDS/WRAP/PARTY SPLY", "CARDS EVERYDAY", &[""]),
    shelf("MAGAZINE", "CROSSWORDS/PUZZLES-MAGAZINE", &[""]),
    shelf("ORAL HYGIENE PRODUCTS", "TOOTHPASTE", &["6 OZ", "4.2 OZ"]),
    shelf("ANALGESICS", "ADULT ANALGESICS", &["24 CT", "100 CT"]),
    shelf("HAIR CARE PRODUCTS", "SHAMPOO", &["13 OZ", "12 OZ"]),
    shelf("VITAMINS", "VITAMIN - MINERALS", &["300 CT(1)", "60 CT"]),
];

const PRODUCE: &[Shelf] = &[
    shelf("TROPICAL FRUIT", "BANANAS", &["40 LB"]),
    shelf("POTATOES", "POTATOES RUSSET (BULK&BAG)", &["5 LB", "10 LB"]),
    shelf("BERRIES", "STRAWBERRIES", &["16 OZ", "1 LB"]),
    shelf("VEGETABLES SALAD", "HEAD LETTUCE", &["24 CT", ""]),
    shelf("TOMATOES", "ROMA TOMATOES (BULK/PKG)", &["25 LB", ""]),
    shelf("APPLES", "APPLES GALA (BULK&BAG)", &["3 LB", ""]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_make_a_whole() {
        let products: u64 = DEPARTMENTS.iter().map(|department| department.product_share).sum();
        assert_eq!(products, 10_000);
        let lines: u64 = DEPARTMENTS.iter().map(|department| department.line_share).sum();
        assert!((9_900..=10_100).contains(&lines), "{lines}");
        assert_eq!(DEPARTMENTS[FUEL].name, "FUEL");
    }

    #[test]
    fn every_shelf_has_a_size_even_if_it_is_not_written() {
        for department in DEPARTMENTS {
            assert!(department.price_cents.0 <= department.price_cents.1, "{}", department.name);
            assert!(department.shelves.iter().all(|shelf| !shelf.sizes.is_empty()));
        }
    }
}
