//! Personal data in free text: plates, telephone and identity numbers, and what looks like a patient.
//!
//! A note is there for "ladder needed at the back door". What a person could be known by has no
//! place in it; it would lie in journals and audits for years.

use core::ops::Range;

use crate::plan::NoteRule;

/// What kind of data was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Personal {
    /// A number plate.
    Plate,
    /// A telephone or identity number.
    Number,
    /// A name, or words that lead to a patient.
    Patient,
}

impl Personal {
    /// What it is called to people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plate => "a number plate",
            Self::Number => "a telephone or identity number",
            Self::Patient => "a patient's name or condition",
        }
    }
}

/// Digits of the shortest telephone number; house numbers and times are shorter.
const NUMBER_DIGITS: usize = 7;
/// First letters of plates: the provinces, and those of the forces and embassies.
const PROVINCES: &str = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新使领";
/// Words that lead to a patient. What follows, up to the next stop, is covered too.
const LEADS: [&str; 13] = [
    "患者",
    "病人",
    "伤者",
    "姓名",
    "诊断",
    "身份证",
    "patient",
    "diagnos",
    "passport",
    "victim",
    "name:",
    "name is",
    "named ",
];
/// Words that follow a Chinese name.
const TITLES: [&str; 8] = [
    "先生", "女士", "小姐", "太太", "大爷", "大妈", "奶奶", "爷爷",
];
/// Words that stand before an English name.
const FORMS: [&str; 6] = ["mr ", "mr. ", "mrs ", "mrs. ", "ms ", "ms. "];
/// Where a clause ends.
const STOPS: [char; 11] = [',', '.', ';', '!', '?', '，', '。', '；', '！', '？', '、'];

/// What a note becomes.
///
/// # Errors
/// The rule refuses it: every kind of personal data that was found.
pub fn screened(text: &str, rule: NoteRule) -> Result<String, Vec<Personal>> {
    let found = find(text);
    if found.is_empty() {
        return Ok(text.to_owned());
    }
    match rule {
        NoteRule::Refuse => {
            let mut kinds: Vec<Personal> = found.into_iter().map(|(_, kind)| kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            Err(kinds)
        }
        NoteRule::Mask => Ok(masked(text, &found)),
    }
}

/// The text with a star for each letter that was found.
fn masked(text: &str, found: &[(Range<usize>, Personal)]) -> String {
    let letters = text.char_indices().map(|(at, letter)| {
        let covered = found.iter().any(|(range, _)| range.contains(&at));
        if covered && !letter.is_whitespace() {
            '*'
        } else {
            letter
        }
    });
    letters.collect()
}

/// Where personal data stands, in bytes.
fn find(text: &str) -> Vec<(Range<usize>, Personal)> {
    let letters: Vec<(usize, char)> = text
        .char_indices()
        .map(|(at, letter)| (at, narrow(letter)))
        .collect();
    let mut found = Vec::new();
    plates(&letters, text.len(), &mut found);
    numbers(&letters, &mut found);
    patients(&letters, text.len(), &mut found);
    found
}

/// Full-width digits and letters as ordinary ones.
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' if !STOPS.contains(&letter) => {
            char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter)
        }
        other => other,
    }
}

fn between(letter: char) -> bool {
    matches!(letter, '·' | '.' | '-' | ' ' | '•')
}

/// A province, a letter, and five or six letters or digits.
fn plates(letters: &[(usize, char)], end: usize, found: &mut Vec<(Range<usize>, Personal)>) {
    for (place, (from, province)) in letters.iter().enumerate() {
        if !PROVINCES.contains(*province) {
            continue;
        }
        let mut rest = letters.iter().skip(place + 1).peekable();
        let city = rest.next_if(|(_, letter)| letter.is_ascii_alphabetic());
        if city.is_none() {
            continue;
        }
        let mut last = None;
        let mut count = 0;
        while let Some((at, letter)) =
            rest.next_if(|(_, letter)| letter.is_ascii_alphanumeric() || between(*letter))
        {
            if letter.is_ascii_alphanumeric() {
                count += 1;
                last = Some(*at + 1);
            }
            if count == 6 {
                break;
            }
        }
        if count >= 4 {
            found.push((*from..last.unwrap_or(end), Personal::Plate));
        }
    }
}

/// Seven digits or more, with blanks, dashes or brackets between them.
fn numbers(letters: &[(usize, char)], found: &mut Vec<(Range<usize>, Personal)>) {
    let mut run: Option<(usize, usize, usize)> = None;
    let mut close = |run: &mut Option<(usize, usize, usize)>| {
        if let Some((from, to, digits)) = run.take()
            && digits >= NUMBER_DIGITS
        {
            found.push((from..to, Personal::Number));
        }
    };
    for (at, letter) in letters {
        if letter.is_ascii_digit() {
            let (from, _, digits) = run.unwrap_or((*at, *at, 0));
            // A digit may be a wide one, of up to three bytes; the range ends inside it then,
            // which covers it all the same.
            run = Some((from, *at + 1, digits + 1));
        } else if !matches!(letter, ' ' | '-' | '(' | ')' | '+' | '/' | '.') {
            close(&mut run);
        }
    }
    close(&mut run);
}

fn patients(letters: &[(usize, char)], end: usize, found: &mut Vec<(Range<usize>, Personal)>) {
    let small: Vec<char> = letters
        .iter()
        .map(|(_, letter)| letter.to_lowercase().next().unwrap_or(*letter))
        .collect();
    let byte = |place: usize| letters.get(place).map_or(end, |(at, _)| *at);
    let stop = |place: usize| {
        let rest = small.iter().enumerate().skip(place);
        let mut stops = rest.filter(|(_, letter)| STOPS.contains(letter));
        stops.next().map_or(small.len(), |(at, _)| at)
    };
    for place in 0..small.len() {
        let here = |word: &str| {
            let mut own = small.iter().skip(place);
            word.chars().all(|letter| own.next() == Some(&letter))
        };
        let first = place == 0
            || !small
                .get(place - 1)
                .is_some_and(char::is_ascii_alphanumeric);
        let leads = LEADS
            .iter()
            .any(|word| here(word) && (first || !word.is_ascii()));
        if leads || first && FORMS.iter().any(|word| here(word)) {
            found.push((byte(place)..byte(stop(place)), Personal::Patient));
        }
        if TITLES.iter().any(|word| here(word)) {
            // A surname and at most two letters more stand before the title.
            let before = small.iter().take(place).rev().take(3);
            let name = before.take_while(|letter| !letter.is_ascii() && !STOPS.contains(letter));
            let from = place - name.count();
            if from < place {
                found.push((byte(from)..byte(place + 2), Personal::Patient));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_could_be_known_by_is_refused_and_ordinary_words_are_not() {
        let kinds = |text| screened(text, NoteRule::Refuse).err().unwrap_or_default();
        for (text, kind) in [
            ("陕A12345 追尾", Personal::Plate),
            ("撞了陕G·A1205", Personal::Plate),
            ("车牌 京 粤BD12345", Personal::Plate),
            ("call 139 1234 5678", Personal::Number),
            ("tel (029) 8765-4321", Personal::Number),
            ("６１０１０２１９９０", Personal::Number),
            ("患者张三，胸痛", Personal::Patient),
            ("王建国先生在二楼", Personal::Patient),
            ("patient John Smith", Personal::Patient),
            ("ask Mr Miller at the door", Personal::Patient),
        ] {
            assert_eq!(kinds(text), [kind], "{text}");
        }
        for text in [
            "后门进，三楼 302",
            "use the north gate, 2 engines, 17:45",
            "新A区二号门",
            "云梯车 F119 needed",
            "the impatient crowd; hammer needed",
            "filename in the log",
            "",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    #[test]
    fn what_is_masked_keeps_the_rest_readable() {
        let masked = |text| screened(text, NoteRule::Mask);
        assert_eq!(
            masked("陕A12345追尾，走北门").as_deref(),
            Ok("*******追尾，走北门")
        );
        assert_eq!(
            masked("后门，患者张三，三楼").as_deref(),
            Ok("后门，****，三楼")
        );
        assert_eq!(
            masked("call 139 1234 5678 now").as_deref(),
            Ok("call *** **** **** now")
        );
        assert_eq!(masked("north gate").as_deref(), Ok("north gate"));
    }
}
