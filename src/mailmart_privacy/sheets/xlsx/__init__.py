"""A workbook in XLSX, read as a stream (ISO/IEC 29500-1)."""
