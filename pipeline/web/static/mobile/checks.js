// What is wrong with a photo of a form, told from the picture alone: where the paper lies, which page it is, and whether it can be read.
// Everything is measured on a copy reduced to a known size, so a phone's 12 megapixels and a video frame give comparable figures. The limits
// were set on 415 real photos and scans that people could read, and on the same photos spoilt by blur, shake, darkness and light spots.

"use strict";

// The long side of the copy, and the sharpness, the fineness and their product under which a picture is blurred: the server reads photos of
// sharpness 780 and loses most under 680, and reads none of product 400 that shake askew has spoilt. On the small copy of a frame the same
// sharpness measures less, for its pixels are wider than the blur of a good photo.
const KINDS = {
  frame: { longSide: 800, minSharpness: 560, minFineness: null, minBoth: null, looksForScreens: false },
  photo: { longSide: 1600, minSharpness: 700, minFineness: 0.3, minBoth: 400, looksForScreens: true },
};
// Widths in pixels of a photo's copy: of a printed line, and of one that shake has spread.
const FINE_PX = 7;
const COARSE_PX = 25;
// Grey level of the lightest tenth of the paper: the darkest of the real photos has 84, the same at three tenths of their light 52 to 69.
const MIN_BRIGHTNESS = 60;
// A light spot burns the paper out where the rest is not: as a share of the paper, and the grey level of the rest. A scan is white all over.
const BURNT = 247;
const MIN_GLARE = 0.004;
const MAX_LEVEL_BESIDE_GLARE = 235;
// Paper on a smaller share of the picture has too few pixels a box.
const MIN_SHARE = 0.2;
// How far a corner of the paper may lie outside, as a share of the picture: that of the outline's own error.
const MAX_BEYOND = 0.02;
// By the tag alone: posters are trimmed by up to 56 mm of 900, and the place is the less certain the farther from the tag.
const TRIMMED = 0.065;
const STRAY = 0.12;
// By outline and tag: the logarithm of how many times as wide as high the square tag is if the outline were the whole paper. Real posters that
// touch the edges of the picture have up to 0.10; with 15 % of one side away it is 0.12 to 0.16.
const MAX_STRETCH = 0.115;
// Of the second blur that sharpness is told by, in pixels, and which edges count: slopes by Sobel, and how many there must be.
const AGAIN_PX = 2;
const MIN_SLOPE = 24;
const MIN_EDGES = 100;

// Runs `body(keep)`, then frees every OpenCV object that `keep` was given: WebAssembly has no garbage collector.
function withObjects(body) {
  const objects = [];
  try {
    return body((object) => {
      objects.push(object);
      return object;
    });
  } finally {
    for (const object of objects.reverse()) object.delete();
  }
}

// The value below which this share of bytes lies, of those that `mask` counts.
function percentile(bytes, share, mask = null) {
  const counts = new Uint32Array(256);
  let all = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    if (mask && !mask[i]) continue;
    counts[bytes[i]] += 1;
    all += 1;
  }
  let level = 0;
  for (let below = counts[0]; level < 255 && below < share * all; below += counts[level]) level += 1;
  return level;
}

// Every tag of these families, largest first: {family, id, corners} in pixels, from the tag's own top left clockwise.
function findTags(cv, grey, families) {
  return withObjects((keep) => {
    const parameters = keep(new cv.aruco_DetectorParameters());
    // As the server's own search for tags.
    parameters.adaptiveThreshWinSizeStep = 20;
    parameters.minMarkerPerimeterRate = 0.02;
    parameters.errorCorrectionRate = 0.3;
    parameters.cornerRefinementMethod = cv.CORNER_REFINE_SUBPIX;
    const refinement = keep(new cv.aruco_RefineParameters(10, 3, true));
    const found = [];
    for (const family of families) {
      const dictionary = keep(cv.getPredefinedDictionary(cv[`DICT_APRILTAG_${family}`]));
      const detector = keep(new cv.aruco_ArucoDetector(dictionary, parameters, refinement));
      const corners = keep(new cv.MatVector());
      const ids = keep(new cv.Mat());
      detector.detectMarkers(grey, corners, ids);
      for (let i = 0; i < ids.rows; i += 1) {
        const data = keep(corners.get(i)).data32F;
        found.push({ family, id: ids.data32S[i], corners: [0, 2, 4, 6].map((k) => [data[k], data[k + 1]]) });
      }
    }
    return found.sort((a, b) => Math.abs(areaOf(b.corners)) - Math.abs(areaOf(a.corners)));
  });
}

// Where the corners of a tag stand on the paper, in the order in which they are found.
function printedCorners({ centre: [x, y], side, rotation }) {
  const half = side / 2;
  const corners = [[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]];
  const first = rotation / 90;
  return [...corners.slice(first), ...corners.slice(0, first)];
}

// Where the tag alone says the paper's corners are, and how far outside the picture each may seem before it is, in pixels.
function reachedFromTag({ corners, printed }) {
  const design = printedCorners(printed).map((corner) => minus(corner, printed.centre));
  const centre = middle(corners);
  const axis = (which) => [0, 1].map((k) => corners.reduce((sum, corner, i) => sum + design[i][which] * corner[k], 0) / printed.side ** 2);
  const [right, down] = [axis(0), axis(1)];
  const pixelsPerMm = Math.sqrt(Math.abs(cross(right, down)));
  const [w, h] = printed.paper;
  return [[0, 0], [w, 0], [w, h], [0, h]].map((corner) => {
    const [across, along] = minus(corner, printed.centre);
    const way = [across * right[0] + along * down[0], across * right[1] + along * down[1]];
    const allowed = TRIMMED * Math.max(w, h) * pixelsPerMm + STRAY * Math.hypot(...way);
    return { corner: [centre[0] + way[0], centre[1] + way[1]], allowed };
  });
}

// How far outside a picture of that size a point lies.
const beyond = ([x, y], width, height) => Math.max(-x, -y, x - width, y - height, 0);

// A side on the edge of the picture may be the paper's own or where the photo ends: the tag tells, and without one the photo is doubted.
function isCutOff(paper, known, width, height) {
  if (paper?.corners.some((corner) => beyond(corner, 1, 1) > MAX_BEYOND)) return true;
  if (paper && !paper.border.some(Boolean)) return false;
  if (!known) return paper !== null;
  if (paper && Math.abs(Math.log(paper.stretch)) > MAX_STRETCH) return true;
  return reachedFromTag(known).some(({ corner, allowed }) => beyond(corner, width, height) > allowed);
}

// 255 inside the paper, some way from its sides; everywhere when there is none.
function paperMask(cv, keep, paper, width, height) {
  if (!paper) return keep(new cv.Mat(height, width, cv.CV_8UC1, new cv.Scalar(255)));
  const mask = keep(cv.Mat.zeros(height, width, cv.CV_8UC1));
  const centre = middle(paper.corners);
  const points = paper.corners.map(([x, y]) => [(centre[0] + 0.96 * (x - centre[0])) * width, (centre[1] + 0.96 * (y - centre[1])) * height]);
  cv.fillConvexPoly(mask, keep(cv.matFromArray(4, 1, cv.CV_32SC2, points.flat().map(Math.round))), new cv.Scalar(255));
  return mask;
}

// The copy on which everything is measured that needs no detail, and how much smaller it is.
function reduced(cv, keep, colour) {
  const scale = Math.min(1, OUTLINE_LONG_SIDE_PX / Math.max(colour.cols, colour.rows));
  const small = keep(new cv.Mat());
  const [width, height] = [colour.cols, colour.rows].map((length) => Math.max(1, Math.round(length * scale)));
  cv.resize(colour, small, new cv.Size(width, height), 0, 0, cv.INTER_AREA);
  return { small, scale };
}

// The width of the blur across edges of one direction, in pixels, or null when there are too few. Blurring once more by a known width
// weakens a sharp edge much and a soft one little, whatever its contrast: a step blurred by s, and again by t, falls to s / sqrt(s² + t²).
function blurAcross(first, second, step, mask, width, height) {
  const ratios = new Float32Array(mask.length >> 2);
  const heights = new Uint16Array(mask.length >> 2);
  let count = 0;
  for (let y = 4; y < height - 4; y += 2) {
    for (let i = y * width + 4; i < (y + 1) * width - 4 && count < ratios.length; i += 1) {
      const slope = Math.abs(second[i]);
      if (slope < MIN_SLOPE || !mask[i] || slope < Math.abs(second[i - step]) || slope <= Math.abs(second[i + step])) continue;
      ratios[count] = Math.max(Math.abs(first[i]), Math.abs(first[i - step]), Math.abs(first[i + step])) / slope;
      heights[count] = slope;
      count += 1;
    }
  }
  if (count < MIN_EDGES) return null;
  const strong = heights.slice(0, count).sort()[Math.floor(0.8 * count)];
  const kept = ratios.subarray(0, count).filter((_, i) => heights[i] >= strong).sort();
  return AGAIN_PX / Math.sqrt(Math.max(kept[kept.length >> 1], 1.001) ** 2 - 1);
}

// How many widths of the blur fit along the paper: the more, the sharper. Shake blurs one direction only, so edges across and along the
// picture are measured apart and the worse counts.
function sharpness(cv, grey, paper, longSide) {
  return withObjects((keep) => {
    const { cols: width, rows: height } = grey;
    const mask = paperMask(cv, keep, paper, width, height);
    const soft = keep(new cv.Mat());
    cv.GaussianBlur(grey, soft, new cv.Size(0, 0), AGAIN_PX);
    const blurs = [[1, 0, 1], [0, 1, width]].map(([dx, dy, step]) => {
      const [first, second] = [grey, soft].map((picture) => {
        const slope = keep(new cv.Mat());
        cv.Sobel(picture, slope, cv.CV_16S, dx, dy);
        return slope;
      });
      // Only now: what is seen of a picture's memory is lost when the memory grows.
      return blurAcross(first.data16S, second.data16S, step, mask.data, width, height);
    });
    if (blurs.every((blur) => blur === null)) return null;
    // A picture smaller than the copy would be is not blurred for that.
    return (lengthOf(paper, width, height) * longSide) / Math.max(width, height) / Math.max(...blurs);
  });
}

// How much of the depth of the lines belongs to thin ones, 0 to 1, in the worse of two directions. Shake turns a thin line into a broad
// pale one with edges as steep as before, which `sharpness` takes for sharp.
function fineness(cv, grey, paper) {
  return withObjects((keep) => {
    const mask = paperMask(cv, keep, paper, grey.cols, grey.rows);
    const closed = keep(new cv.Mat());
    const depth = (width, height) => {
      cv.morphologyEx(grey, closed, cv.MORPH_CLOSE, keep(cv.getStructuringElement(cv.MORPH_RECT, new cv.Size(width, height))));
      cv.subtract(closed, grey, closed);
      return percentile(closed.data, 0.98, mask.data);
    };
    return Math.min(depth(FINE_PX, 1) / Math.max(depth(COARSE_PX, 1), 1), depth(1, FINE_PX) / Math.max(depth(1, COARSE_PX), 1));
  });
}

// A page without edges, as a black or an empty one, tells nothing. Shake askew lowers both figures a little: their product tells it, but only
// where the paper is seen whole enough for its lines to have the width that is expected.
function isBlurred({ sharpness, fineness }, paper, { minSharpness, minFineness, minBoth }) {
  if (sharpness === null) return false;
  if (fineness === null) return sharpness < minSharpness;
  return sharpness < minSharpness || fineness < minFineness || (paper !== null && sharpness * fineness < minBoth);
}

// The long side of the paper in pixels; without paper, of the picture.
function lengthOf(paper, width, height) {
  if (!paper) return Math.max(width, height);
  const corners = paper.corners.map(([x, y]) => [x * width, y * height]);
  return Math.max(...corners.map((corner, i) => Math.hypot(...minus(corner, corners[(i + 1) % 4]))));
}

// The grey level of the lightest parts of the paper, and the share of it that is burnt out though the rest is not. Ink shows in light paper,
// so only spots count that are wider than the paper between two lines mostly is.
function light(cv, colour, paper) {
  return withObjects((keep) => {
    const { small } = reduced(cv, keep, colour);
    const grey = keep(new cv.Mat());
    cv.cvtColor(small, grey, cv.COLOR_RGBA2GRAY);
    const mask = paperMask(cv, keep, paper, small.cols, small.rows);
    const brightness = percentile(grey.data, 0.9, mask.data);
    const square = (size) => keep(cv.getStructuringElement(cv.MORPH_RECT, new cv.Size(size, size)));
    const spots = keep(new cv.Mat());
    cv.threshold(grey, spots, BURNT, 255, cv.THRESH_BINARY);
    cv.bitwise_and(spots, mask, spots);
    cv.morphologyEx(spots, spots, cv.MORPH_OPEN, square(11));
    const share = cv.countNonZero(spots) / Math.max(cv.countNonZero(mask), 1);
    const halo = keep(new cv.Mat());
    cv.dilate(spots, halo, square(25));
    cv.subtract(mask, halo, mask);
    const beside = percentile(grey.data, 0.75, mask.data);
    return { brightness, glare: beside < MAX_LEVEL_BESIDE_GLARE ? share : 0 };
  });
}

// Returns {outline, page, tag, codes, measures} of an ImageData; `tags` are those that may be printed on a page, `kind` one of KINDS.
function check(cv, pixels, tags, kind) {
  return withObjects((keep) => {
    const { width, height } = pixels;
    const colour = keep(cv.matFromImageData(pixels));
    const grey = keep(new cv.Mat());
    cv.cvtColor(colour, grey, cv.COLOR_RGBA2GRAY);
    const seen = findTags(cv, grey, new Set(["36h10", ...tags.map((tag) => tag.family)]));
    const printedOf = ({ family, id }) => tags.find((tag) => tag.family === family && tag.id === id);
    const known = seen.map((tag) => ({ ...tag, printed: printedOf(tag) })).find((tag) => tag.printed) ?? null;
    const tag = known ?? seen[0] ?? null;
    const paper = findPaper(cv, colour, known);
    const measures = {
      sharpness: sharpness(cv, grey, paper, kind.longSide),
      fineness: kind.minFineness === null ? null : fineness(cv, grey, paper),
      regularity: kind.looksForScreens ? regularity(cv, grey, paperMask(cv, keep, paper, width, height)) : null,
      ...light(cv, colour, paper),
      share: paper?.share ?? null,
      sidesAtEdge: paper?.border.filter(Boolean).length ?? null,
    };
    const wrong = {
      blurred: isBlurred(measures, paper, kind),
      dark: measures.brightness < MIN_BRIGHTNESS,
      glare: measures.glare > MIN_GLARE,
      cut_off: isCutOff(paper, known, width, height),
      no_page: !paper && !tag,
      unknown_page: tag && !known,
      no_tag: paper && !tag,
      far: paper && paper.share < MIN_SHARE,
      screen: measures.regularity > SCREEN,
    };
    return {
      outline: paper?.corners ?? null,
      page: known && { form: known.printed.form, page: known.printed.page },
      tag: tag && { family: tag.family, id: tag.id },
      codes: Object.keys(wrong).filter((code) => wrong[code]),
      measures,
    };
  });
}
