//! Compressed bytes in a row, bounded when they come out again.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::StoreError;

/// Above this, compressing would hold up the other tasks of the thread.
const INLINE: usize = 64 * 1024;

/// Compresses, off the async threads when it takes long.
pub(super) async fn pack(raw: Bytes) -> Result<Vec<u8>, StoreError> {
    if raw.len() <= INLINE {
        return squeeze(&raw);
    }
    tokio::task::spawn_blocking(move || squeeze(&raw))
        .await
        .map_err(|_| StoreError::unavailable("compressing was interrupted"))?
}

fn squeeze(raw: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(raw.len() / 4), Compression::fast());
    encoder
        .write_all(raw)
        .and_then(|()| encoder.finish())
        .map_err(|error| StoreError::unavailable(error.to_string()))
}

/// Inflates to at most `limit` bytes; more than that is no body this store has written.
pub(super) fn unpack(packed: &[u8], limit: u64, what: &'static str) -> Result<Vec<u8>, StoreError> {
    let mut raw = Vec::new();
    GzDecoder::new(packed)
        .take(limit.saturating_add(1))
        .read_to_end(&mut raw)
        .map_err(|error| StoreError::Unreadable { what, reason: error.to_string() })?;
    if raw.len() as u64 > limit {
        return Err(StoreError::Unreadable { what, reason: format!("inflates to more than {limit} bytes") });
    }
    Ok(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn comes_back_whole_and_never_larger_than_allowed() {
        for size in [0, 1, INLINE, INLINE + 1, 3 * 1024 * 1024] {
            let packed = pack(Bytes::from(vec![7; size])).await.unwrap();
            assert_eq!(unpack(&packed, size as u64, "body").unwrap(), vec![7; size]);
            if size > 0 {
                let refused = unpack(&packed, size as u64 - 1, "body").unwrap_err();
                assert!(matches!(refused, StoreError::Unreadable { .. }));
            }
        }
        assert!(matches!(unpack(b"no gzip", 10, "body"), Err(StoreError::Unreadable { .. })));
    }
}
