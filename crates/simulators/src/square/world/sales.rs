//! How sales come about: at the till, at a till without a connection, in the web shop.

use super::agenda::Task;
use super::bill::Bill;
use super::demand::Trip;
use super::events::Happening;
use super::merchant::Merchant;
use super::orders::{CUSTOM_AMOUNT, Channel, LineRecord, NewOrder, State};
use super::shopping::basket;
use crate::dice::Dice;
use crate::square::moment::{DAY, HOUR, MINUTE, SECOND};

/// The longest that a till without a connection keeps its sales: 72 hours.
pub(crate) const LONGEST_OFFLINE: i64 = 72 * HOUR;

/// Serves a shopper now.
pub(crate) fn serve(merchant: &mut Merchant, trip: Trip) {
    let mut dice = Dice::new(trip.chance, "shopper");
    let lines = basket(merchant, trip.store, trip.at, &mut dice);
    if lines.is_empty() {
        return;
    }
    let coupon = coupon(merchant, &lines, &mut dice);
    let habits = &merchant.config.habits;
    let (online, offline) = (habits.online_per_mille, habits.offline_per_mille);
    let way = dice.below(1_000) as u16;
    let is_cash = dice.per_mille(180);
    let created = trip.at.plus(-i64::from(dice.between(12, 200)) * SECOND);
    let new = NewOrder {
        store: trip.store,
        channel: Channel::Till,
        state: State::Completed,
        created,
        closed: trip.at,
        is_cash,
        coupon,
        lines,
        returns: Vec::new(),
        source_order: None,
    };
    if way < online {
        order_online(merchant, new, &mut dice);
    } else if way < online + offline {
        let new = NewOrder { channel: Channel::OfflineTill, ..new };
        let delay = 5 * MINUTE + dice.below_large((LONGEST_OFFLINE - 10 * MINUTE) as u64) as i64;
        merchant.agenda.set(trip.at.plus(delay), Task::Upload(Box::new(new)));
    } else {
        upload(merchant, new);
    }
}

/// Takes in a sale that is complete, and returns its order.
pub(crate) fn take_in(merchant: &mut Merchant, new: NewOrder) -> u32 {
    let order = merchant.orders.add(new, merchant.now);
    pay(merchant, order);
    order
}

/// Takes in a sale that a till sends.
pub(crate) fn upload(merchant: &mut Merchant, new: NewOrder) {
    take_in(merchant, new);
}

/// Opens an order and tells about it, as the vendor's API does; tills do not.
pub(crate) fn open(merchant: &mut Merchant, new: NewOrder) -> u32 {
    let order = merchant.orders.add(new, merchant.now);
    tell_order(merchant, order, true);
    order
}

/// Makes an open order out of a draft.
pub(crate) fn place(merchant: &mut Merchant, order: u32) {
    if merchant.orders.order(order).state == State::Draft {
        merchant.orders.change(order, merchant.now, |record| record.state = State::Open);
        // The vendor is known to say "created" twice: for the draft, and for the open order.
        tell_order(merchant, order, true);
    }
}

/// Changes an open order: every third of several lines loses the last of them, the others get more of
/// the first: one, or half a unit of what is weighed.
pub(crate) fn amend(merchant: &mut Merchant, order: u32) {
    let has_several = merchant.orders.sold(merchant.orders.order(order)).len() > 1;
    let is_less = has_several && merchant.dice("amendment", u64::from(order)).per_mille(333);
    if is_less && remove_last_line(merchant, order) {
        return;
    }
    let Some(line) = merchant.orders.line_mut(order, 0) else { return };
    let step = if line.quantity.is_multiple_of(1_000) { 1_000 } else { 500 };
    set_quantity(merchant, order, (0, step), true);
}

/// Changes a line of an open order by so much, or to so much; says whether it could be.
pub(crate) fn set_quantity(
    merchant: &mut Merchant,
    order: u32,
    (line, quantity): (usize, u32),
    is_more: bool,
) -> bool {
    if merchant.orders.order(order).state != State::Open {
        return false;
    }
    let Some(line) = merchant.orders.line_mut(order, line) else { return false };
    line.quantity = if is_more { line.quantity + quantity } else { quantity };
    merchant.orders.change(order, merchant.now, |_| {});
    tell_order(merchant, order, false);
    true
}

/// Takes the last line off an open order, its only one too; says whether it could be.
pub(crate) fn remove_last_line(merchant: &mut Merchant, order: u32) -> bool {
    let can_lose = merchant.orders.order(order).state == State::Open;
    if !can_lose || !merchant.orders.drop_last_line(order) {
        return false;
    }
    merchant.orders.change(order, merchant.now, |_| {});
    tell_order(merchant, order, false);
    true
}

/// Completes an open order: it is paid, and its goods leave the shelf.
pub(crate) fn complete(merchant: &mut Merchant, order: u32) {
    if merchant.orders.order(order).state != State::Open {
        return;
    }
    let now = merchant.now;
    merchant.orders.change(order, now, |record| {
        record.state = State::Completed;
        record.closed = now;
    });
    tell_order(merchant, order, false);
    pay(merchant, order);
}

/// Calls an open order off.
pub(crate) fn cancel(merchant: &mut Merchant, order: u32) {
    if merchant.orders.order(order).state.is_terminal() {
        return;
    }
    let now = merchant.now;
    merchant.orders.change(order, now, |record| {
        record.state = State::Canceled;
        record.closed = now;
    });
    tell_order(merchant, order, false);
}

/// Changes what may still change in a completed order: it only counts as newer afterwards.
pub(crate) fn annotate(merchant: &mut Merchant, order: u32) {
    merchant.orders.change(order, merchant.now, |_| {});
}

/// Moves the money and the goods of an order that is complete, and plans what becomes of it.
pub(crate) fn pay(merchant: &mut Merchant, order: u32) {
    let now = merchant.now;
    let record = *merchant.orders.order(order);
    if Bill::of(merchant, &record).net() > 0 {
        let payment = merchant.payments.add(order, now);
        merchant.orders.set_payment(order, payment);
        merchant.tell(now, Happening::PaymentCreated { payment });
        merchant.tell(now, Happening::PaymentUpdated { payment });
    }
    move_goods(merchant, order);
    let mut dice = merchant.dice("aftermath", u64::from(order));
    let habits = &merchant.config.habits;
    let (returns, notes) = (habits.return_per_mille, habits.note_per_mille);
    if !record.has_returns() && dice.per_mille(u32::from(returns)) {
        let days = i64::from(dice.between(1, 14));
        let delay = days * DAY + i64::from(dice.below(40 * MINUTE as u32));
        merchant.agenda.set(now.plus(delay), Task::Return { order });
    }
    if dice.per_mille(u32::from(notes)) {
        let delay = i64::from(dice.between(1, 48)) * HOUR + i64::from(dice.below(HOUR as u32));
        merchant.agenda.set(now.plus(delay), Task::Annotate { order });
    }
}

/// Tells what became of an order.
pub(crate) fn tell_order(merchant: &mut Merchant, order: u32, is_creation: bool) {
    let record = merchant.orders.order(order);
    let (version, state) = (record.version, record.state);
    let happening = if is_creation {
        Happening::OrderCreated { order, version, state }
    } else {
        Happening::OrderUpdated { order, version, state }
    };
    merchant.tell(merchant.now, happening);
}

/// Takes what an order sells off the shelf, and puts back what it returns.
fn move_goods(merchant: &mut Merchant, order: u32) {
    let now = merchant.now;
    let record = *merchant.orders.order(order);
    let sold = merchant.orders.sold(&record).iter().map(|line| (line, -1));
    let returned = merchant.orders.returned(&record).iter().map(|line| (line, 1));
    let moves: Vec<(u32, i64)> = sold
        .chain(returned)
        .filter(|(line, _)| line.variation != CUSTOM_AMOUNT)
        .filter(|(line, _)| merchant.catalog.variations[line.variation as usize].is_tracked())
        .map(|(line, sign)| (line.variation, sign * i64::from(line.quantity)))
        .collect();
    for (variation, change) in moves {
        let changed = merchant.stock.add(record.store, variation, change, now);
        merchant.tell(now, Happening::CountUpdated(changed));
    }
}

/// Takes an order in the web shop and plans what becomes of it.
fn order_online(merchant: &mut Merchant, new: NewOrder, dice: &mut Dice) {
    let now = merchant.now;
    let is_draft = dice.per_mille(60);
    let state = if is_draft { State::Draft } else { State::Open };
    let closed = crate::square::moment::Moment::NEVER;
    let new =
        NewOrder { channel: Channel::Online, state, created: now, closed, is_cash: false, ..new };
    let order = open(merchant, new);
    if is_draft {
        if dice.per_mille(500) {
            return;
        }
        merchant.agenda.set(now.plus(9 * MINUTE), Task::Place { order });
    }
    if dice.per_mille(200) {
        let delay = i64::from(dice.between(11, 50)) * MINUTE;
        merchant.agenda.set(now.plus(delay), Task::Amend { order });
    }
    let delay = i64::from(dice.between(60, 48 * 60)) * MINUTE;
    let task = if dice.per_mille(80) { Task::Cancel { order } } else { Task::Complete { order } };
    merchant.agenda.set(now.plus(delay), task);
}

/// Draws what a loyal customer has off: nothing for most.
fn coupon(merchant: &Merchant, lines: &[LineRecord], dice: &mut Dice) -> u16 {
    let worth: u64 = lines
        .iter()
        .map(|line| u64::from(line.unit_price) * u64::from(line.quantity) / 1_000)
        .sum();
    let coupon = 5 * merchant.market.price_level;
    let is_large = worth > u64::from(coupon) * 6;
    if is_large && dice.per_mille(40) { coupon as u16 } else { 0 }
}
