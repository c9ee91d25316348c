// What is wrong with a photo of a form, told from the picture alone: where the paper lies, which page it is, and whether it can be read.
// Everything is measured on a copy reduced to a known size, so a phone's 12 megapixels and a video frame give comparable figures.

"use strict";

const TRIMMED = 0.065;
const STRAY = 0.12;
const AGAIN_PX = 2;
const MIN_SLOPE = 24;
const MIN_EDGES = 100;
const LIMITS = { sharpness: 0, brightness: 0, glare: 1, share: 0.2, corner: 0.02 };

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

// The value below which this share of bytes lies.
function percentile(bytes, share, counted = () => true) {
  const counts = new Uint32Array(256);
  let all = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    if (!counted(i)) continue;
    counts[bytes[i]] += 1;
    all += 1;
  }
  let below = 0;
  let level = 0;
  while (level < 255 && (below += counts[level]) < share * all) level += 1;
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

// Where the tag alone says the paper's corners are, and how far each is from the tag, in pixels.
function reachedFromTag({ corners, printed }) {
  const design = printedCorners(printed).map((corner) => minus(corner, printed.centre));
  const centre = middle(corners);
  const [right, down] = [0, 1].map((axis) => [0, 1].map((k) => corners.reduce((sum, corner, i) => sum + design[i][axis] * corner[k], 0) / printed.side ** 2));
  const [w, h] = printed.paper;
  const scale = Math.sqrt(Math.abs(right[0] * down[1] - right[1] * down[0]));
  return [[0, 0], [w, 0], [w, h], [0, h]].map((corner) => {
    const [across, along] = minus(corner, printed.centre);
    const way = [across * right[0] + along * down[0], across * right[1] + along * down[1]];
    return { corner: [centre[0] + way[0], centre[1] + way[1]], allowed: TRIMMED * Math.max(w, h) * scale + STRAY * Math.hypot(...way), mm: scale, away: Math.hypot(across, along) };
  });
}

const beyond = ([x, y], width, height) => Math.max(-x, -y, x - width, y - height, 0);

function isCutOff(paper, known, width, height) {
  if (paper?.corners.some((corner) => beyond(corner, 1, 1) > LIMITS.corner)) return true;
  if (paper && !paper.border.some(Boolean)) return false;
  if (!known) return paper !== null;
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
  cv.resize(colour, small, new cv.Size(Math.max(1, Math.round(colour.cols * scale)), Math.max(1, Math.round(colour.rows * scale))), 0, 0, cv.INTER_AREA);
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
    const mask = paperMask(cv, keep, paper, width, height).data;
    const soft = keep(new cv.Mat());
    cv.GaussianBlur(grey, soft, new cv.Size(0, 0), AGAIN_PX);
    const blurs = [[1, 0, 1], [0, 1, width]].map(([dx, dy, step]) => {
      const [first, second] = [grey, soft].map((picture) => {
        const slope = keep(new cv.Mat());
        cv.Sobel(picture, slope, cv.CV_16S, dx, dy);
        return slope.data16S;
      });
      return blurAcross(first, second, step, mask, width, height);
    });
    if (blurs.every((blur) => blur === null)) return {};
    // A picture smaller than the copy would be is not blurred for that.
    const sides = paper ? paper.corners.map((corner, i) => minus(corner, paper.corners[(i + 1) % 4])) : [[1, 1]];
    const long = (Math.max(...sides.map(([x, y]) => Math.hypot(x * width, y * height))) / Math.max(width, height)) * longSide;
    return { sharpness: (paper ? long : longSide) / Math.max(...blurs), sx: blurs[0], sy: blurs[1] };
  });
}

// Brightness of the paper, and the share of it that is burnt out though the rest is not.
function light(cv, colour, paper) {
  return withObjects((keep) => {
    const { small } = reduced(cv, keep, colour);
    const { cols: width, rows: height } = small;
    const grey = keep(new cv.Mat());
    cv.cvtColor(small, grey, cv.COLOR_RGBA2GRAY);
    const mask = paperMask(cv, keep, paper, width, height);
    const inside = (i) => mask.data[i] > 0;
    const brightness = percentile(grey.data, 0.9, inside);
    const dark = percentile(grey.data, 0.02, inside);
    const burnt = keep(new cv.Mat());
    cv.threshold(grey, burnt, 247, 255, cv.THRESH_BINARY);
    cv.bitwise_and(burnt, mask, burnt);
    const square = (size) => keep(cv.getStructuringElement(cv.MORPH_RECT, new cv.Size(size, size)));
    cv.morphologyEx(burnt, burnt, cv.MORPH_OPEN, square(11));
    const spot = cv.countNonZero(burnt) / Math.max(cv.countNonZero(mask), 1);
    const wide = keep(new cv.Mat());
    cv.dilate(burnt, wide, square(25));
    const rest = percentile(grey.data, 0.75, (i) => mask.data[i] > 0 && !wide.data[i]);
    return { brightness, contrast: percentile(grey.data, 0.98, inside) - dark, spot, rest, glare: spot };
  });
}

// Returns {outline, page, tag, codes, measures} of an ImageData.
function check(cv, pixels, tags, longSide) {
  return withObjects((keep) => {
    const { width, height } = pixels;
    const colour = keep(cv.matFromImageData(pixels));
    const grey = keep(new cv.Mat());
    cv.cvtColor(colour, grey, cv.COLOR_RGBA2GRAY);
    const t0 = performance.now();
    const seen = findTags(cv, grey, new Set(["36h10", ...tags.map((tag) => tag.family)]));
    const t1 = performance.now();
    const known = seen.map((tag) => ({ ...tag, printed: tags.find(({ family, id }) => family === tag.family && id === tag.id) })).find((tag) => tag.printed);
    const tag = known ?? seen[0] ?? null;
    const paper = findPaper(cv, colour, known);
    const t2 = performance.now();
    const measures = { ...light(cv, colour, paper), ...sharpness(cv, grey, paper, longSide) };
    const t3 = performance.now();
    Object.assign(measures, { share: paper?.share, score: paper?.score, border: paper?.border, t: [t1 - t0, t2 - t1, t3 - t2], over: known && reachedFromTag(known).map(({ corner, mm, away }) => [beyond(corner, width, height) / mm, away]) });
    const codes = [];
    if (measures.sharpness < LIMITS.sharpness) codes.push("blurred");
    if (measures.brightness < LIMITS.brightness) codes.push("dark");
    if (measures.glare > LIMITS.glare) codes.push("glare");
    if (isCutOff(paper, known, width, height)) codes.push("cut_off");
    if (!paper && !tag) codes.push("no_page");
    if (tag && !known) codes.push("unknown_page");
    if (paper && !tag) codes.push("no_tag");
    if (paper && paper.share < LIMITS.share) codes.push("far");
    return {
      outline: paper?.corners ?? null,
      page: known ? { form: known.printed.form, page: known.printed.page } : null,
      tag: tag && { family: tag.family, id: tag.id },
      codes,
      measures,
    };
  });
}
