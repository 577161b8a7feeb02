//! Colour perception: how much two colours differ in brightness and in total, with and without a colour vision
//! deficiency.
//!
//! Pure arithmetic. Contrast: WCAG 2.2, relative luminance. Difference: Euclidean in OKLab (Björn Ottosson, "A
//! perceptual color space for image processing", 2020), times 100; adjacent patches are distinguishable from about 2
//! on.

/// Red, green, blue (sRGB).
pub type Rgb = (u8, u8, u8);

/// A kind of colour vision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Without a deficiency.
    Usual,
    /// Without long-wave cones.
    Protanopia,
    /// Without middle-wave cones.
    Deuteranopia,
    /// Without short-wave cones.
    Tritanopia,
}

impl Sight {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Usual, Self::Protanopia, Self::Deuteranopia, Self::Tritanopia];

    /// In words, as the end of a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Usual => "to most eyes",
            Self::Protanopia => "with protanopia",
            Self::Deuteranopia => "with deuteranopia",
            Self::Tritanopia => "with tritanopia",
        }
    }

    /// Simulates this vision: returns the linear RGB that looks the same to unimpaired vision.
    fn sees(self, light: [f64; 3]) -> [f64; 3] {
        let matrix = match self {
            Self::Usual => return light,
            Self::Protanopia => &PROTAN,
            Self::Deuteranopia => &DEUTAN,
            Self::Tritanopia => {
                let beyond: f64 = TRITAN_PLANE.iter().zip(light).map(|(n, v)| n * v).sum();
                &TRITAN[usize::from(beyond < 0.0)]
            }
        };
        matrix.map(|row| row.iter().zip(light).map(|(m, v)| m * v).sum::<f64>().clamp(0.0, 1.0))
    }
}

type Matrix = [[f64; 3]; 3];

/// Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 15(6), 2009:
/// severity 1.0, on linear RGB.
const PROTAN: Matrix =
    [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]];
const DEUTAN: Matrix =
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];

/// Brettel, Viénot, Mollon, "Computerized simulation of color appearance for dichromats", J. Opt. Soc. Am. A 14, 1997: a
/// half-plane on each side of the neutral colours, in the form for linear sRGB of libDaltonLens. Machado's model does not
/// claim to fit tritanopia.
const TRITAN: [Matrix; 2] = [
    [[1.012_77, 0.135_48, -0.148_26], [-0.012_43, 0.868_12, 0.144_31], [0.075_89, 0.805_00, 0.119_11]],
    [[0.936_78, 0.189_79, -0.126_57], [0.061_54, 0.815_26, 0.123_20], [-0.375_62, 1.127_67, 0.247_96]],
];
const TRITAN_PLANE: [f64; 3] = [0.039_01, -0.027_88, -0.011_13];

/// Contrast ratio of two colours: from 1 to 21.
#[must_use]
pub fn contrast(a: Rgb, b: Rgb) -> f64 {
    let [a, b] = [a, b].map(|rgb| {
        let [r, g, b] = light(rgb);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    });
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// A perceived colour: its coordinates in OKLab.
#[derive(Debug, Clone, Copy)]
pub struct Lab([f64; 3]);

impl Lab {
    /// As seen with this vision.
    #[must_use]
    pub fn by(sight: Sight, rgb: Rgb) -> Self {
        Self(oklab(sight.sees(light(rgb))))
    }

    /// Distance to another colour.
    #[must_use]
    pub fn to(self, other: Self) -> f64 {
        100.0 * self.0.iter().zip(other.0).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
    }
}

/// Distance between two colours with this vision.
#[must_use]
pub fn apart(a: Rgb, b: Rgb, sight: Sight) -> f64 {
    Lab::by(sight, a).to(Lab::by(sight, b))
}

/// Lightness, chroma, and the hue in degrees.
#[must_use]
pub fn lch(rgb: Rgb) -> (f64, f64, f64) {
    let [l, a, b] = oklab(light(rgb));
    (l, a.hypot(b), b.atan2(a).to_degrees())
}

/// Linear RGB of a colour, between 0 and 1.
fn light((r, g, b): Rgb) -> [f64; 3] {
    [r, g, b].map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    })
}

fn oklab([r, g, b]: [f64; 3]) -> [f64; 3] {
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    [
        0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Rgb = (255, 255, 255);

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert!((contrast(WHITE, (0, 0, 0)) - 21.0).abs() < 1e-9);
        assert!((contrast((0x77, 0x77, 0x77), WHITE) - 4.48).abs() < 0.01, "the grey that just fails AA");
        assert!((contrast((0x76, 0x76, 0x76), WHITE) - 4.54).abs() < 0.01, "the grey that just passes");
    }

    #[test]
    fn the_difference_is_that_of_oklab() {
        assert!((apart(WHITE, (0, 0, 0), Sight::Usual) - 100.0).abs() < 0.01);
        // Ottosson's example: sRGB red is L 0.628, chroma 0.258, hue 29.2.
        let (l, c, h) = lch((255, 0, 0));
        assert!((l - 0.628).abs() < 0.001 && (c - 0.258).abs() < 0.001 && (h - 29.23).abs() < 0.05, "{l} {c} {h}");
    }

    #[test]
    fn each_deficiency_confuses_what_it_is_known_to_confuse() {
        let (red, olive) = ((0xb3, 0x12, 0x1d), (0x60, 0x58, 0x10));
        assert!(apart(red, olive, Sight::Usual) > 15.0);
        assert!(apart(red, olive, Sight::Deuteranopia) < 8.0, "{}", apart(red, olive, Sight::Deuteranopia));
        let (green, cyan) = ((0x5f, 0xd3, 0x8a), (0x62, 0xc6, 0xe8));
        assert!(apart(green, cyan, Sight::Usual) > 14.0 && apart(green, cyan, Sight::Tritanopia) < 3.0);
        for sight in Sight::ALL {
            assert!(apart(WHITE, (128, 128, 128), sight) > 30.0, "brightness stays");
            assert!(apart(WHITE, (254, 255, 255), sight) < 1.0);
        }
    }
}
