// Where the paper lies in a photo. A sheet is a bright or at least a differently toned region with four straight sides. No single threshold
// cuts it out of every background, so several propose outlines, and the best wins: by the step of tone along its sides, by how well four
// sides describe it, and by the tag, which stands in one place of the paper only.

"use strict";

const OUTLINE_LONG_SIDE_PX = 480;
// Shares of the brightness of the lightest parts at which the picture is cut, besides Otsu's level.
const LEVELS = [0.45, 0.6, 0.7, 0.8, 0.88];
const MIN_PROPOSED_SHARE = 0.08;
// Of a side at the edge of the picture, as a share of the long side.
const BORDER = 0.012;
// Grey levels between the two banks of a side, and how far from it they are looked at, as a share of the long side.
const MIN_STEP = 8;
const BANK = 0.012;
const SAMPLES = 24;
// Outlines that are wrong on the real photos, such as a table frame or half a sheet before a white wall, mostly stay below it.
const MIN_SCORE = 0.3;
// How far a tag lies from where the right outline puts it, as a share of the paper's long side, and by what share of its size it is wrong:
// posters are trimmed and curl.
const TAG_SPREAD = 0.08;
const TAG_SIZE_SPREAD = 0.35;

const minus = (a, b) => [a[0] - b[0], a[1] - b[1]];
const cross = (a, b) => a[0] * b[1] - a[1] * b[0];
const middle = (points) => [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
const areaOf = (polygon) => polygon.reduce((sum, point, i) => sum + cross(point, polygon[(i + 1) % polygon.length]), 0) / 2;

// Where the lines a→b and c→d meet, as [point, how far along a→b]; null when they are all but parallel.
function meet(a, b, c, d) {
  const [along, other] = [minus(b, a), minus(d, c)];
  const turn = cross(along, other);
  if (Math.abs(turn) < 1e-3 * Math.hypot(...along) * Math.hypot(...other)) return null;
  const t = cross(minus(c, a), other) / turn;
  return [[a[0] + t * along[0], a[1] + t * along[1]], t];
}

// The convex clockwise polygon as four sides: the side goes first whose neighbours, made longer, add the least. A corner that a finger or the
// edge of the picture hides comes back so.
function fourSides(polygon) {
  const points = [...polygon];
  while (points.length > 4) {
    const n = points.length;
    let least = null;
    for (let i = 0; i < n; i += 1) {
      const [before, a, b, after] = [points[(i + n - 1) % n], points[i], points[(i + 1) % n], points[(i + 2) % n]];
      const met = meet(before, a, after, b);
      if (!met || met[1] < 1) continue;
      const added = Math.abs(areaOf([a, met[0], b]));
      if (!least || added < least.added) least = { i, corner: met[0], added };
    }
    if (!least) return null;
    points[least.i] = least.corner;
    points.splice((least.i + 1) % n, 1);
  }
  return points.length === 4 ? points : null;
}

// The sides laid through the contour's own points, without the parts near corners, which paper rounds and fingers cover.
function fitted(quad, contour, width, height) {
  const reach = 0.02 * Math.max(width, height);
  const inner = ([x, y]) => x > 2 && y > 2 && x < width - 3 && y < height - 3;
  const sides = quad.map((from, i) => {
    const to = quad[(i + 1) % 4];
    const along = minus(to, from);
    const length = Math.hypot(...along);
    const near = contour.filter((point) => {
      const place = minus(point, from);
      const t = (place[0] * along[0] + place[1] * along[1]) / length ** 2;
      return t > 0.08 && t < 0.92 && Math.abs(cross(along, place)) / length < reach && inner(point);
    });
    if (near.length < 0.3 * length) return [from, to];
    const centre = middle(near);
    let [xx, xy, yy] = [0, 0, 0];
    for (const point of near) {
      const [x, y] = minus(point, centre);
      [xx, xy, yy] = [xx + x * x, xy + x * y, yy + y * y];
    }
    const angle = Math.atan2(2 * xy, xx - yy) / 2;
    return [centre, [centre[0] + Math.cos(angle), centre[1] + Math.sin(angle)]];
  });
  const corners = sides.map((side, i) => meet(...sides[(i + 3) % 4], ...side)?.[0]);
  return corners.every((corner, i) => corner && Math.hypot(...minus(corner, quad[i])) < 2 * reach) ? corners : quad;
}

// How well the tones differ across the sides that lie in the picture, 0 to 1, and which sides lie on its edge.
function sidesOf(quad, tones, width, height) {
  const bank = BANK * Math.max(width, height);
  const edge = BORDER * Math.max(width, height);
  const at = (x, y) => (x < 0 || y < 0 || x > width - 1 || y > height - 1 ? null : tones[Math.round(y) * width + Math.round(x)]);
  let [support, visible] = [0, 0];
  const border = quad.map((from, i) => {
    const along = minus(quad[(i + 1) % 4], from);
    const length = Math.hypot(...along);
    const inward = [-along[1] / length, along[0] / length];
    let [lighter, darker, seen, outside] = [0, 0, 0, 0];
    for (let k = 0; k < SAMPLES; k += 1) {
      const t = 0.05 + (0.9 * k) / (SAMPLES - 1);
      const [x, y] = [from[0] + t * along[0], from[1] + t * along[1]];
      if (x < edge || y < edge || x > width - 1 - edge || y > height - 1 - edge) outside += 1;
      const inner = at(x + bank * inward[0], y + bank * inward[1]);
      const outer = at(x - bank * inward[0], y - bank * inward[1]);
      if (inner === null || outer === null) continue;
      seen += 1;
      lighter += inner - outer >= MIN_STEP ? 1 : 0;
      darker += outer - inner >= MIN_STEP ? 1 : 0;
    }
    if (outside > SAMPLES / 2) return true;
    visible += 1;
    // Paper may be darker than a white wall, but seldom.
    support += Math.max(lighter, 0.7 * darker) / Math.max(seen, 1);
    return false;
  });
  return { border, support: visible ? support / visible : 0.5 };
}

// The (3, 3) homography, row by row, that takes the corners of the picture to those of a paper.
function homography(cv, quad, paper) {
  return withObjects((keep) => {
    const from = keep(cv.matFromArray(4, 1, cv.CV_32FC2, quad.flat()));
    const to = keep(cv.matFromArray(4, 1, cv.CV_32FC2, [0, 0, paper[0], 0, ...paper, 0, paper[1]]));
    return [...keep(cv.getPerspectiveTransform(from, to)).data64F];
  });
}

function project(h, [x, y]) {
  const w = h[6] * x + h[7] * y + h[8];
  return [(h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w];
}

// The quad turned so that it begins at the paper's top left, how well the tag then stands where it is printed, 0 to 1, and how many times as
// wide as high the square tag then is: another part of the paper's width is in the picture than of its height.
function turnedByTag(cv, quad, { corners, printed }) {
  const should = printedCorners(printed);
  const turns = [0, 1, 2, 3].map((turn) => {
    const turned = [...quad.slice(turn), ...quad.slice(0, turn)];
    const h = homography(cv, turned, printed.paper);
    const placed = corners.map((corner) => project(h, corner));
    const [width, height] = [0, 1].map((axis) => Math.sqrt(placed.reduce((sum, point) => sum + (point[axis] - middle(placed)[axis]) ** 2, 0)));
    const off = placed.map((point, i) => minus(point, should[i]));
    const moved = middle(off);
    const misshapen = Math.max(...off.map((one) => Math.hypot(...minus(one, moved)))) / printed.side;
    const far = Math.hypot(...moved) / Math.max(...printed.paper);
    return { turned, stretch: width / height, agreement: Math.exp(-((far / TAG_SPREAD) ** 2) - (misshapen / TAG_SIZE_SPREAD) ** 2) };
  });
  return turns.reduce((best, one) => (one.agreement > best.agreement ? one : best));
}

// Pictures in which the paper may be one white region.
function masks(cv, keep, small) {
  const channels = keep(new cv.MatVector());
  cv.split(small, channels);
  const [red, green, blue] = [0, 1, 2].map((i) => keep(channels.get(i)));
  const grey = keep(new cv.Mat());
  cv.cvtColor(small, grey, cv.COLOR_RGBA2GRAY);
  const square = (size) => keep(cv.getStructuringElement(cv.MORPH_RECT, new cv.Size(size, size)));
  // Ink and table lines are narrower than this and go.
  const tones = keep(new cv.Mat());
  cv.morphologyEx(grey, tones, cv.MORPH_CLOSE, square(9));
  cv.GaussianBlur(tones, tones, new cv.Size(5, 5), 0);
  const found = [];
  const cut = (source, level, type) => {
    const mask = keep(new cv.Mat());
    cv.threshold(source, mask, level, 255, type);
    cv.morphologyEx(mask, mask, cv.MORPH_OPEN, square(7));
    found.push(mask);
  };
  const light = percentile(tones.data, 0.95);
  cut(tones, 0, cv.THRESH_BINARY + cv.THRESH_OTSU);
  for (const level of LEVELS) cut(tones, level * light, cv.THRESH_BINARY);
  const strongest = keep(new cv.Mat());
  const weakest = keep(new cv.Mat());
  cv.max(red, green, strongest);
  cv.max(strongest, blue, strongest);
  cv.min(red, green, weakest);
  cv.min(weakest, blue, weakest);
  cv.subtract(strongest, weakest, strongest);
  cv.medianBlur(strongest, strongest, 9);
  cut(strongest, 0, cv.THRESH_BINARY_INV + cv.THRESH_OTSU);
  const edges = keep(new cv.Mat());
  cv.Canny(tones, edges, 12, 36);
  cv.dilate(edges, edges, square(3));
  cut(edges, 127, cv.THRESH_BINARY_INV);
  return { tones, found };
}

// Outlines that the masks propose: {quad, fill}, clockwise, in pixels of the small picture.
function proposals(cv, mask) {
  return withObjects((keep) => {
    const { rows: height, cols: width } = mask;
    const contours = keep(new cv.MatVector());
    cv.findContours(mask, contours, keep(new cv.Mat()), cv.RETR_LIST, cv.CHAIN_APPROX_NONE);
    const found = [];
    for (let i = 0; i < contours.size(); i += 1) {
      const contour = keep(contours.get(i));
      const area = cv.contourArea(contour);
      if (area < MIN_PROPOSED_SHARE * width * height) continue;
      const hull = keep(new cv.Mat());
      const rough = keep(new cv.Mat());
      cv.convexHull(contour, hull);
      cv.approxPolyDP(hull, rough, 0.006 * cv.arcLength(hull, true), true);
      const polygon = pointsOf(rough);
      const quad = fourSides(areaOf(polygon) > 0 ? polygon : polygon.reverse());
      if (quad && convex(quad)) found.push({ quad: fitted(quad, pointsOf(contour), width, height), fill: area / areaOf(quad) });
    }
    return found;
  });
}

const pointsOf = ({ data32S: data }) => Array.from({ length: data.length / 2 }, (_, i) => [data[2 * i], data[2 * i + 1]]);

// Paper seen from anywhere sensible has corners between 50 and 130 degrees.
function convex(quad) {
  return quad.every((corner, i) => {
    const [a, b] = [minus(quad[(i + 3) % 4], corner), minus(quad[(i + 1) % 4], corner)];
    return cross(b, a) > 0.766 * Math.hypot(...a) * Math.hypot(...b);
  });
}

// Returns {corners (fractions of the picture, clockwise), stretch (of the tag), border (of each side: on the picture's edge), share (of the
// picture)} or null. `known` is a tag with its printed place, in pixels: with it the corners begin at the paper's top left, without it anywhere.
function findPaper(cv, colour, known) {
  return withObjects((keep) => {
    const { small, scale } = reduced(cv, keep, colour);
    const { cols: width, rows: height } = small;
    const tag = known && { ...known, corners: known.corners.map((corner) => corner.map((value) => value * scale)) };
    const { tones, found } = masks(cv, keep, small);
    let best = null;
    for (const { quad, fill } of found.flatMap((mask) => proposals(cv, mask))) {
      const { border, support } = sidesOf(quad, tones.data, width, height);
      if (border.every(Boolean)) continue;
      const share = areaOf(quad) / (width * height);
      const { turned, stretch, agreement } = tag ? turnedByTag(cv, quad, tag) : { turned: quad, stretch: 1, agreement: 1 };
      const score = Math.min(fill, 1) ** 2 * support * share ** 0.3 * agreement;
      if (score > Math.max(MIN_SCORE, best?.score ?? 0)) best = { quad: turned, stretch, border, share, score };
    }
    if (!best && tag) {
      // Paper that fills the picture shows no side, but its tag stands where it should.
      const { turned, stretch, agreement } = turnedByTag(cv, [[0, 0], [width, 0], [width, height], [0, height]], tag);
      if (agreement > MIN_SCORE) best = { quad: turned, stretch, border: [true, true, true, true], share: 1, score: agreement };
    }
    return best && { ...best, corners: best.quad.map(([x, y]) => [x / width, y / height]) };
  });
}
