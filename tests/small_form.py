"""The smallest form that has everything a form must have, as YAML."""

SMALL = """
id: small
version: "1"
status: draft
title: {id: Kecil, en: Small}
paper: [100, 100]
bounds: {minimum: 0, maximum: 99}
pieces:
  number:
    fields:
      "n_{n}":
        label: {id: "Nomor {n}", en: "Number {n}"}
        boxes: {first: [0, 0, 10, 10], pitch: 12, count: 2, width: 1}
pages:
  "1":
    place:
      - {piece: number, at: [10, 10], with: {n: 1}}
      - {piece: number, at: [10, 30], with: {n: 2}}
checks:
  C1: {expression: n_1 == n_2, text: {id: Sama., en: Equal.}}
"""
