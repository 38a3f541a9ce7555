//! What people read: without colour, and at 80 columns.

pub(crate) mod arming;
pub(crate) mod checkup;
pub(crate) mod difference;
pub(crate) mod done;
pub(crate) mod facts;
pub(crate) mod following;
pub(crate) mod history;
pub(crate) mod progress;
pub(crate) mod proof;
pub(crate) mod report;
pub(crate) mod scenarios;
pub(crate) mod status;
pub(crate) mod summary;
pub(crate) mod systems;
pub(crate) mod timeline;
pub(crate) mod watched;

/// The columns that every output fits.
pub(crate) const WIDTH: usize = 80;

/// Text in lines of that width. Words are broken nowhere but where they alone are too long: an identifier that is
/// broken at its hyphens can be neither searched for nor copied.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<std::borrow::Cow<'_, str>> {
    let options = textwrap::Options::new(width).break_words(true);
    textwrap::wrap(text, options.word_splitter(textwrap::WordSplitter::NoHyphenation))
}

/// Says something beside the matter, on stderr.
pub(crate) fn note(text: &str) {
    for line in wrap(&format!("note: {text}"), WIDTH) {
        anstream::eprintln!("{line}");
    }
}

/// A length of time as people say it.
pub(crate) fn duration(ms: u64) -> String {
    if ms < 1_000 {
        return format!("{ms} ms");
    }
    let (minutes, seconds, tenths) = (ms / 60_000, ms / 1_000 % 60, ms / 100 % 10);
    if minutes == 0 {
        format!("{seconds}.{tenths} s")
    } else {
        format!("{minutes} min {seconds}.{tenths} s")
    }
}

/// A count with thousands apart.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut apart = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_say_them() {
        assert_eq!(
            [count(0), count(999), count(1_000), count(12_345_678)],
            ["0", "999", "1,000", "12,345,678"]
        );
        assert_eq!(
            [duration(40), duration(4_260), duration(125_999)],
            ["40 ms", "4.2 s", "2 min 5.9 s"]
        );
    }
}
