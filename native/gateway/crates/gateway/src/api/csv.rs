//! Tables for spreadsheets, row by row as they are read: a year of usage must not fit the memory.
use std::io;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;

/// A table that is sent while it is made. One that breaks off ends the connection: half a table must
/// not pass for a whole one.
pub(crate) fn response(
    name: &'static str,
    rows: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Response {
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, Body::from_stream(rows)).into_response()
}

/// Some rows of a table.
pub(crate) fn rows<'r>(rows: impl IntoIterator<Item = Vec<String>> + 'r) -> io::Result<Bytes> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|field| defused(field)))?;
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes.into())
}

/// A field that a spreadsheet takes for text. What begins like a formula is one there, and whoever
/// chose a name must not run anything on the machine of whoever opens the table.
fn defused(field: &str) -> String {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{field}")
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(row: &[&str]) -> String {
        let row = row.iter().map(|field| (*field).to_owned()).collect();
        String::from_utf8(rows([row]).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn formulas_are_defused_and_quotes_kept() {
        assert_eq!(text(&["=1+1", "+1", "-1", "@x", "\tx"]), "'=1+1,'+1,'-1,'@x,'\tx\n");
        assert_eq!(
            text(&["a,b", "say \"so\"", "two\nlines"]),
            "\"a,b\",\"say \"\"so\"\"\",\"two\nlines\"\n"
        );
        assert_eq!(text(&["plain", ""]), "plain,\n");
    }
}
