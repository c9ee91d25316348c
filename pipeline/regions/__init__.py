"""Regions of Indonesia by their codes, from province to village, and tables of them."""

from pipeline.regions.codes import CodeError, Level, TpsCode, region_code, tps_in_name
from pipeline.regions.rows import RowFault, TableError
from pipeline.regions.table import Region, read_regions

__all__ = ["CodeError", "Level", "Region", "RowFault", "TableError", "TpsCode", "read_regions", "region_code", "tps_in_name"]
