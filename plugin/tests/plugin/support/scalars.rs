//! A corpus of YAML documents around one scalar each, the same in every run: what readers of YAML
//! take for different things.

/// Where a scalar stands; `@` is the scalar.
const PLACES: &[&str] = &[
    "k: @\n",
    "{k: @}\n",
    "@: v\n",
    "{@: v}\n",
    "- @\n",
    "[a, @]\n",
    "? @\n: v\n",
    "k:\n  @ # c\n",
];

/// The same with a tag or in quotes, for some.
const DRESSED: &[&str] = &[
    "k: !!int @\n",
    "k: !!float @\n",
    "k: !!bool @\n",
    "k: !!null @\n",
    "k: !!str @\n",
    "k: '@'\n",
    "k: \"@\"\n",
    "\"@\": v\n",
    "{k: !!int \"@\"}\n",
    "[!!float '@']\n",
    "!!str @: v\n",
];

/// From the field, and the corners of both readers' tables.
const SPECIMENS: &[&str] = &[
    "72225e2",
    "72044e0",
    "0e1234",
    "44e8123",
    "08540",
    "089",
    "0123456789",
    "0o17",
    "0O17",
    "0X1F",
    "0x1f",
    "0B11",
    "0b11",
    "-0b11",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "123456789012345678901234567890",
    "-.5",
    "+.5",
    ".5",
    "5.",
    "1.e3",
    "1.e+3",
    "1e3",
    "1E+3",
    "1.5e3",
    "1.5e+3",
    ".5e+3",
    ".5e3",
    "1e400",
    "1.0e+400",
    "1e-7",
    "1.0e-7",
    "-12e3",
    "yEs",
    "oN",
    "tRUE",
    "yes",
    "No",
    "ON",
    "Off",
    "y",
    "Y",
    "n",
    "N",
    "true",
    "False",
    "NULL",
    "null",
    "Null",
    "nULL",
    "~",
    "1_000",
    "1_000.5",
    "685_230.15",
    "1_",
    "1__0",
    "_1",
    "._5",
    "1._5",
    "12:30",
    "12:30:45",
    "190:20:30.15",
    "1:2",
    "-1:30",
    "0:30",
    "0:30.5",
    "1:60",
    "01:30",
    "1:2:3:4",
    "0x1FFFFFFFFFFFFFFFF",
    "0x_",
    "0b_",
    "0_",
    "0_7",
    "07_",
    "00",
    "-0",
    "+0",
    "-0.0",
    "+1",
    "-",
    "+",
    ".",
    "..",
    "...",
    "-.",
    ".inf",
    "-.Inf",
    "+.INF",
    ".iNf",
    ".nan",
    ".NaN",
    "-.nan",
    "nan",
    "inf",
    "2024-01-01",
    "2024-1-1",
    "2024-13-45",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43.10 -5",
    "2001-12-14 21:59:43",
    "2001-12-15T02:59:43.1Z",
    "=",
    "<<",
    "==",
    "1.10",
    "2.10",
    "1.2.3",
    "1000000.0",
    "1234567.0",
    "100000.0",
    "1e6",
    "1e5",
    "16777217.0",
    "0.0001",
    "0.00001",
    "3.4e38",
    "3.5e+38",
    "1e21",
    "1e20",
    "123456789.0",
    "1.0e+16",
    "12345678901234567.0",
    "0.1",
    "1e",
    "1e+",
    "e1",
    "0x",
    "0b",
    "0o",
    "0o8",
    "08",
    "0_8",
    "1.5.",
    "1,5",
    "a",
    "ünï",
    "a b",
    "a:b",
    "-a",
    ":a",
    "a#b",
    "1Gi",
    "200m",
    "1:",
    "0.",
    "-1_0",
    "+0x1f",
    "-017",
];

/// What scalars are changed with.
const CHARACTERS: &str = "0123456789abcdefxXoObBeE+-._:TZ ynYNtfan~=<";

pub(crate) struct Corpus {
    state: u64,
}

impl Corpus {
    pub(crate) fn new() -> Self {
        Self { state: 11 }
    }

    /// Of `scalars` scalars, each in a place for a value, in one for a key, in one in brackets and in
    /// any other.
    pub(crate) fn documents(mut self, scalars: usize) -> Vec<String> {
        (0..scalars)
            .flat_map(|number| {
                let scalar = match SPECIMENS.get(number) {
                    Some(specimen) => (*specimen).to_owned(),
                    None => self.scalar(),
                };
                let places = if number < SPECIMENS.len() {
                    [PLACES, DRESSED].concat()
                } else {
                    let third = self.one_of(&PLACES[4..]);
                    let fourth = self.one_of(DRESSED);
                    vec![PLACES[number % 2], PLACES[2 + number % 2], third, fourth]
                };
                let filled = |place: &str| place.replace('@', &scalar);
                places.into_iter().map(filled).collect::<Vec<_>>()
            })
            .collect()
    }

    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn some(&mut self, characters: &str, from: usize, to: usize) -> String {
        let characters: Vec<char> = characters.chars().collect();
        let length = from + self.below(to - from + 1);
        (0..length).map(|_| self.one_of(&characters)).collect()
    }

    fn scalar(&mut self) -> String {
        match self.below(8) {
            // The first digits of a commit, and all of it.
            0 => self.some("0123456789abcdef", 7, 8),
            1 => self.some("0123456789e", 7, 40),
            2 => self.number(),
            3 => {
                let parts = 2 + self.below(3);
                let parts: Vec<_> = (0..parts).map(|_| self.some("0123456789", 1, 2)).collect();
                let end = self.one_of(&["", "", ".", ".5", "_"]);
                parts.join(":") + end
            }
            4 => self.date(),
            5 => {
                let word = self.one_of(&[
                    "yes", "no", "on", "off", "true", "false", "null", ".inf", ".nan",
                ]);
                let upper = self.next();
                let turn = |(at, c): (usize, char)| match upper >> at & 1 {
                    1 => c.to_ascii_uppercase(),
                    _ => c,
                };
                word.chars().enumerate().map(turn).collect()
            }
            _ => self.changed(),
        }
    }

    fn number(&mut self) -> String {
        let sign = self.one_of(&["", "", "-", "+"]);
        let digits = self.one_of(&[
            "0123456789",
            "01",
            "01234567",
            "0123456789_",
            "0123456789abcdefABCDEF_",
        ]);
        let begin = self.one_of(&["", "", "", "0", "0x", "0b", "0o", "0X"]);
        let whole = self.some(digits, 0, 21);
        let fraction = self.one_of(&["", "", ".", ".0", ".50", "._"]);
        let exponent = self.one_of(&["", "", "", "e", "E", "e+", "e-", "E+"]);
        let power = if exponent.is_empty() {
            String::new()
        } else {
            self.some("0123456789", 0, 3)
        };
        format!("{sign}{begin}{whole}{fraction}{exponent}{power}")
    }

    fn date(&mut self) -> String {
        let (month, day) = (1 + self.below(14), 1 + self.below(32));
        let date = format!(
            "{}-{month:0w$}-{day:0w$}",
            1990 + self.below(60),
            w = 1 + self.below(2)
        );
        let time = self.one_of(&[
            "",
            "T10:20:30",
            "t1:02:03",
            " 10:20:30",
            "T10:20",
            " 10:20:30.123",
        ]);
        let zone = self.one_of(&["", "", "Z", " Z", "+01:00", " -5", "-0530"]);
        date + time + zone
    }

    fn changed(&mut self) -> String {
        let mut text: Vec<char> = self.one_of(SPECIMENS).chars().collect();
        let characters: Vec<char> = CHARACTERS.chars().collect();
        for _ in 0..=self.below(3) {
            let at = self.below(text.len() + 1);
            let character = self.one_of(&characters);
            match self.below(3) {
                0 => text.insert(at, character),
                1 if at < text.len() => text[at] = character,
                _ if at < text.len() && text.len() > 1 => drop(text.remove(at)),
                _ => {}
            }
        }
        text.into_iter().collect()
    }
}
