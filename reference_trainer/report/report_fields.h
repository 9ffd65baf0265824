// The names under which report.json stores every field of report_data.h, once for both directions.
#pragma once

#include <string_view>
#include <tuple>

#include "reference_trainer/report/report_data.h"

namespace trainer {

template <class Struct, class Value>
struct Field {
  constexpr Field(std::string_view name_in_file, Value Struct::*of)
      : name(name_in_file), member(of) {}
  std::string_view name;
  Value Struct::*member;
};

// Fields of a struct, in the order of its declaration.
template <class Struct>
inline constexpr std::tuple<> kFields;

// Words of an enumeration, in the order of its enumerators.
template <class Enum>
inline constexpr std::array<std::string_view, 0> kWords{};

template <>
inline constexpr std::array<std::string_view, 2> kWords<Better> = {"larger", "smaller"};
template <>
inline constexpr std::array<std::string_view, 4> kWords<Verdict> = {"holds", "fails",
                                                                    "within_noise", "not_tested"};
template <>
inline constexpr std::array<std::string_view, 3> kWords<AxisScale> = {"linear", "log10", "log2"};

template <>
inline constexpr auto kFields<NamedText> = std::tuple(Field("name", &NamedText::name),
                                                      Field("value", &NamedText::value));

template <>
inline constexpr auto kFields<RunInfo> =
    std::tuple(Field("title", &RunInfo::title), Field("command", &RunInfo::command),
               Field("version", &RunInfo::version), Field("machine", &RunInfo::machine),
               Field("started", &RunInfo::started), Field("wall_seconds", &RunInfo::wall_seconds),
               Field("seeds", &RunInfo::seeds), Field("settings", &RunInfo::settings),
               Field("not_run", &RunInfo::not_run));

template <>
inline constexpr auto kFields<Estimate::Interval> =
    std::tuple(Field("low", &Estimate::Interval::low), Field("high", &Estimate::Interval::high));

template <>
inline constexpr auto kFields<Estimate> = std::tuple(Field("mean", &Estimate::mean),
                                                     Field("sd", &Estimate::sd),
                                                     Field("n", &Estimate::n),
                                                     Field("interval", &Estimate::interval));

template <>
inline constexpr auto kFields<Measure> = std::tuple(Field("name", &Measure::name),
                                                    Field("unit", &Measure::unit),
                                                    Field("decimals", &Measure::decimals),
                                                    Field("better", &Measure::better));

template <>
inline constexpr auto kFields<TableCell> = std::tuple(Field("ours", &TableCell::ours),
                                                      Field("paper", &TableCell::paper));

template <>
inline constexpr auto kFields<TableRow> = std::tuple(Field("setting", &TableRow::setting),
                                                     Field("method", &TableRow::method),
                                                     Field("cells", &TableRow::cells),
                                                     Field("notes", &TableRow::notes),
                                                     Field("sources", &TableRow::sources));

template <>
inline constexpr auto kFields<ReportTable> = std::tuple(Field("id", &ReportTable::id),
                                                        Field("title", &ReportTable::title),
                                                        Field("reference", &ReportTable::reference),
                                                        Field("caption", &ReportTable::caption),
                                                        Field("charted", &ReportTable::charted),
                                                        Field("measures", &ReportTable::measures),
                                                        Field("rows", &ReportTable::rows));

template <>
inline constexpr auto kFields<Claim> = std::tuple(Field("text", &Claim::text),
                                                  Field("reference", &Claim::reference),
                                                  Field("verdict", &Claim::verdict),
                                                  Field("difference", &Claim::difference),
                                                  Field("measure", &Claim::measure),
                                                  Field("reason", &Claim::reason),
                                                  Field("sources", &Claim::sources));

template <>
inline constexpr auto kFields<CurvePoint> = std::tuple(Field("x", &CurvePoint::x),
                                                       Field("y", &CurvePoint::y),
                                                       Field("sd", &CurvePoint::sd));

template <>
inline constexpr auto kFields<Curve> = std::tuple(Field("name", &Curve::name),
                                                  Field("points", &Curve::points),
                                                  Field("sources", &Curve::sources));

template <>
inline constexpr auto kFields<Axis> = std::tuple(Field("label", &Axis::label),
                                                 Field("scale", &Axis::scale));

template <>
inline constexpr auto kFields<CurveFigure> = std::tuple(Field("id", &CurveFigure::id),
                                                        Field("title", &CurveFigure::title),
                                                        Field("reference", &CurveFigure::reference),
                                                        Field("caption", &CurveFigure::caption),
                                                        Field("x", &CurveFigure::x),
                                                        Field("y", &CurveFigure::y),
                                                        Field("curves", &CurveFigure::curves));

template <>
inline constexpr auto kFields<ActivationMap> = std::tuple(
    Field("name", &ActivationMap::name), Field("tokens", &ActivationMap::tokens),
    Field("channels", &ActivationMap::channels), Field("magnitudes", &ActivationMap::magnitudes),
    Field("source", &ActivationMap::source));

template <>
inline constexpr auto kFields<ActivationFigure> = std::tuple(
    Field("id", &ActivationFigure::id), Field("title", &ActivationFigure::title),
    Field("reference", &ActivationFigure::reference), Field("caption", &ActivationFigure::caption),
    Field("layer", &ActivationFigure::layer), Field("site", &ActivationFigure::site),
    Field("maps", &ActivationFigure::maps));

template <>
inline constexpr auto kFields<SiteReduction> = std::tuple(Field("layer", &SiteReduction::layer),
                                                          Field("tensor", &SiteReduction::tensor),
                                                          Field("error", &SiteReduction::error),
                                                          Field("range", &SiteReduction::range));

template <>
inline constexpr auto kFields<ReductionFigure> = std::tuple(
    Field("id", &ReductionFigure::id), Field("title", &ReductionFigure::title),
    Field("reference", &ReductionFigure::reference), Field("caption", &ReductionFigure::caption),
    Field("sites", &ReductionFigure::sites), Field("sources", &ReductionFigure::sources));

template <>
inline constexpr auto kFields<RotationGrid> = std::tuple(Field("name", &RotationGrid::name),
                                                         Field("layers", &RotationGrid::layers),
                                                         Field("source", &RotationGrid::source));

template <>
inline constexpr auto kFields<Report> =
    std::tuple(Field("run", &Report::run), Field("claims", &Report::claims),
               Field("tables", &Report::tables), Field("methods", &Report::methods),
               Field("losses", &Report::losses), Field("objectives", &Report::objectives),
               Field("sweeps", &Report::sweeps), Field("activations", &Report::activations),
               Field("reductions", &Report::reductions), Field("rotations", &Report::rotations));

}  // namespace trainer
