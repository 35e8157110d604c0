-- Rows of pg_statistic: each with five slots of kind, operator, collation, numbers and values.
INSERT INTO pg_statistic (
    starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct,
    stakind1, staop1, stacoll1, stanumbers1, stavalues1,
    stakind2, staop2, stacoll2, stanumbers2, stavalues2,
    stakind3, staop3, stacoll3, stanumbers3, stavalues3,
    stakind4, staop4, stacoll4, stanumbers4, stavalues4,
    stakind5, staop5, stacoll5, stanumbers5, stavalues5)
SELECT r.relation::oid, r.number, r.inherited, r.null_fraction, r.average_width, r.distinct,
    r.kind1, r.operator1::oid, r.collation1::oid, r.numbers1, array_in(textout(r.values1), r.type1::oid, -1),
    r.kind2, r.operator2::oid, r.collation2::oid, r.numbers2, array_in(textout(r.values2), r.type2::oid, -1),
    r.kind3, r.operator3::oid, r.collation3::oid, r.numbers3, array_in(textout(r.values3), r.type3::oid, -1),
    r.kind4, r.operator4::oid, r.collation4::oid, r.numbers4, array_in(textout(r.values4), r.type4::oid, -1),
    r.kind5, r.operator5::oid, r.collation5::oid, r.numbers5, array_in(textout(r.values5), r.type5::oid, -1)
FROM jsonb_to_recordset(%s::jsonb) AS r(
    relation int8, number int2, inherited bool, null_fraction float4, average_width int4, "distinct" float4,
    kind1 int2, operator1 int8, collation1 int8, numbers1 float4[], values1 text, type1 int8,
    kind2 int2, operator2 int8, collation2 int8, numbers2 float4[], values2 text, type2 int8,
    kind3 int2, operator3 int8, collation3 int8, numbers3 float4[], values3 text, type3 int8,
    kind4 int2, operator4 int8, collation4 int8, numbers4 float4[], values4 text, type4 int8,
    kind5 int2, operator5 int8, collation5 int8, numbers5 float4[], values5 text, type5 int8)
