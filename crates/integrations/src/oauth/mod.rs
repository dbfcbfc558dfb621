//! What every vendor's OAuth has in common: signed state, PKCE, token pairs and keeping them fresh.
//!
//! How a vendor words its calls is that vendor's business, behind [`OAuthFlow`].

mod error;
mod flow;
mod keeper;
mod pkce;
mod state;
mod store;
mod tokens;

pub use error::{StateError, TokenError, TokenStoreError};
pub use flow::{App, AuthorizeRequest, CodeGrant, OAuthFlow, RevokedScope, TokenStatus};
pub use keeper::TokenKeeper;
pub use pkce::PkceVerifier;
pub use state::{StateClaims, StateSigner};
pub use store::{MemoryTokenStore, RenewalLock, StoredTokens, TokenStore};
pub use tokens::TokenPair;
