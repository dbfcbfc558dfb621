//! Refuses pages that announce more values than they can hold.
//!
//! The decoder trusts the count and takes memory for it, so that one flipped bit would ask for
//! gigabytes.

use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};

/// Pages of one column of a row group, checked for plausibility.
pub(super) struct PlausiblePages {
    pages: Box<dyn PageReader>,
    records: u64,
}

impl PlausiblePages {
    /// Checks `pages` of a column that has one value at most for each of `records` records.
    pub(super) fn new(pages: Box<dyn PageReader>, records: u64) -> Self {
        Self { pages, records }
    }
}

impl PageReader for PlausiblePages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        let most = match &page {
            // Every entry of a dictionary takes a byte at least.
            Some(Page::DictionaryPage { buf, .. }) => buf.len() as u64,
            Some(Page::DataPage { .. } | Page::DataPageV2 { .. }) => self.records,
            None => return Ok(None),
        };
        let announced = page.as_ref().map_or(0, |page| u64::from(page.num_values()));
        if announced > most {
            return Err(ParquetError::General(format!(
                "a page announces {announced} values where {most} are possible"
            )));
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}

impl Iterator for PlausiblePages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
